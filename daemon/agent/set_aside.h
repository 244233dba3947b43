// What an agent does with its files when its node is given to another run. Thread-safe (no state).
#pragma once

#include <string>

#include "base/core/result.h"
#include "daemon/agent/agent_paths.h"

namespace longhaul::daemon {

// The spool of the old run stays for a person to look at, as <spool>.<suffix>; what else is remembered of it
// is forgotten. suffix: never used before. After a power cut in the middle it can be done again.
Result<> set_aside(const AgentPaths& paths, const std::string& suffix);

}  // namespace longhaul::daemon
