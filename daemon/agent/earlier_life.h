// What a new agent does about its predecessor: nothing of it may still run, and every rank whose end it did
// not report is reported, exactly once. Called before anything else, from one thread.
#pragma once

#include "base/core/result.h"
#include "daemon/agent/agent_paths.h"
#include "daemon/agent/process/rank_records.h"
#include "daemon/agent/spool/spool.h"

namespace longhaul::daemon {

// Blocks until all leftovers are gone. The records as they are afterwards: no ranks, the newest generation
// kept (it is not launched again).
Result<RankRecords> end_earlier_life(const AgentPaths& paths, Spool& spool, int64_t now_wall_ms);

}  // namespace longhaul::daemon
