// What ranks of past launches have printed: kept for the newest ones, so that a run of months does not fill
// its node's disk. Thread-safe (no state).
#pragma once

#include <cstddef>
#include <string>

#include "base/core/result.h"

namespace longhaul::daemon {

inline constexpr size_t kLaunchesWithLogs = 100;

// Removes the folders <logs>/<generation> except those of the `keep` newest; nothing else in there.
Result<> remove_old_logs(const std::string& logs, size_t keep);

}  // namespace longhaul::daemon
