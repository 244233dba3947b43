// Ends whatever an earlier life of this agent left running. Thread-safe (no state).
#pragma once

#include <string>
#include <vector>

#include "daemon/agent/process/rank_records.h"

namespace longhaul::daemon {

// The processes that belong to recorded ranks (same pid and start time, or of the session such a rank
// leads) or that were started with this agent socket in their environment. Never this process.
std::vector<pid_t> find_leftovers(const std::vector<RankRecord>& records, const std::string& agent_socket);

// SIGKILLs them until none is left; false: some still exist after timeout_ms (stuck in the kernel).
bool end_leftovers(const std::vector<RankRecord>& records, const std::string& agent_socket,
                   int64_t timeout_ms);

}  // namespace longhaul::daemon
