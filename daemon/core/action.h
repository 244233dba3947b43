// What the core can ask the shell to do, as a closed set of plain values. An action may be carried out
// twice (after a crash between persisting and acting): everything here is idempotent, or carries a
// generation that the receiver deduplicates by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/core/generation.h"

namespace longhaul::daemon {

struct StartAgent {
  std::string node;
};
struct FenceNode {  // make sure that the node's agent, and so its ranks, are gone
  std::string node;
};
struct AskAgain {  // drop the connection: the agent says anew which ranks it has
  std::string node;
};
struct FindRestore {  // answered by RestoreFound or RestoreFailed
  int64_t branch = 0;
};
struct Placement {
  int rank = 0;
  std::string node;
};
struct LaunchRanks {
  Generation generation;
  int64_t branch = 0;
  std::vector<Placement> placements;  // by rank
  std::string resume;
  int64_t restarts = 0;
};
struct StopAllRanks {  // of every generation up to this one
  Generation generation;
  bool force = false;
  int64_t grace_ms = 0;
};
struct TellAllRanks {
  Generation generation;
  std::string command;
};
struct DistrustCheckpoint {
  std::string path;
  std::string reason;
};
struct ApplyRetention {};
struct ShutdownAgents {};
struct ExitDaemon {
  int exit_code = 0;
};
// For the public feed. severity: info, good, recovered, undone, error.
struct Announce {
  std::string kind;
  std::string severity;
  std::string title;
  std::string detail;
  std::optional<int64_t> step;
  std::optional<int64_t> to_step;
  std::optional<int64_t> lost_steps;
  std::optional<double> cost_s;
  std::string node;
};

using Action =
    std::variant<StartAgent, FenceNode, AskAgain, FindRestore, LaunchRanks, StopAllRanks, TellAllRanks,
                 DistrustCheckpoint, ApplyRetention, ShutdownAgents, ExitDaemon, Announce>;

}  // namespace longhaul::daemon
