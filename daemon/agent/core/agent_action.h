// What the pure agent core wants done. The shell executes in order. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "daemon/agent/core/agent_command.h"

namespace longhaul::daemon {

// Durably, before any later action: a forgotten term would let an old daemon command again.
struct RememberDaemon {
  int64_t term = 0;
  std::string uuid;
};
// Starts every rank of the launch and answers each with rank_started or rank_failed.
struct StartRanks {
  LaunchCommand launch;
};
struct TerminateRank {  // SIGTERM to the rank
  RankId id;
};
struct KillRank {  // SIGKILL to all that the rank started
  RankId id;
};
struct TellRank {
  RankId id;
  std::string command;
};
// An exit that the daemon must learn of.
struct RecordExit {
  RankId id;
  int64_t pid = 0;
  int exit_code = -1;
  int signal = 0;
  bool asked = false;
  std::string note;  // why it never started; empty: look at what it wrote
};
struct Leave {};  // nothing runs any more: tell what is left to tell and end

using AgentAction =
    std::variant<RememberDaemon, StartRanks, TerminateRank, KillRank, TellRank, RecordExit, Leave>;
using AgentActions = std::vector<AgentAction>;

}  // namespace longhaul::daemon
