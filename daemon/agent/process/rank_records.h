// ranks.json: which processes this agent has started and not yet reported as ended, so that its next life
// can make sure they are gone and report them exactly once. Written before the processes start (planned,
// pid 0) and again with their pids. A rank that starts in between cannot outlive the agent: the kernel
// kills it (death signal), and leftovers are also found by their environment.
// Plain values and whole-file functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "daemon/agent/core/agent_command.h"

namespace longhaul::daemon {

struct RankRecord {
  RankId id;
  int64_t pid = 0;           // 0: planned
  uint64_t start_ticks = 0;  // with the pid: this process and no other

  bool operator==(const RankRecord&) const = default;
};

struct RankRecords {
  Generation newest;  // launched here, ever
  std::vector<RankRecord> ranks;

  bool operator==(const RankRecords&) const = default;
};

Result<RankRecords> load_rank_records(const std::string& path);  // no file: empty
Result<> save_rank_records(const std::string& path, const RankRecords& records);

}  // namespace longhaul::daemon
