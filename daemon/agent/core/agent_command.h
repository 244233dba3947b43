// What a daemon may ask of an agent, as the pure core sees it (the shell makes these from wire messages).
// Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/core/generation.h"

namespace longhaul::daemon {

// One process of one launch. A generation starts a rank at most once, so this never names two.
struct RankId {
  Generation generation;
  int rank = 0;

  auto operator<=>(const RankId&) const = default;
};

struct RankPlace {
  int rank = 0;
  int local_rank = 0;
};

struct LaunchCommand {
  std::string id;
  int64_t term = 0;
  Generation generation;
  int64_t branch = 0;
  int world_size = 0;
  int node_rank = 0;
  int node_count = 0;
  std::vector<RankPlace> ranks;
  std::string master_address;
  int master_port = 0;
  std::string resume;
  int64_t restarts = 0;
};

// All ranks of every generation up to this one.
struct StopCommand {
  std::string id;
  int64_t term = 0;
  Generation generation;
  bool force = false;
  int64_t grace_ms = 0;
};

struct TellCommand {
  std::string id;
  int64_t term = 0;
  Generation generation;
  std::string command;
};

struct ShutdownCommand {
  std::string id;
  int64_t term = 0;
};

using AgentCommand = std::variant<LaunchCommand, StopCommand, TellCommand, ShutdownCommand>;

}  // namespace longhaul::daemon
