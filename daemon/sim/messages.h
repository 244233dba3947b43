// What the simulated daemon and agents say to each other: the content of wire/messages without its text
// form. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/agent/core/agent_command.h"
#include "daemon/core/event.h"
#include "daemon/sim/history.h"

namespace longhaul::daemon::sim {

// An entry of a spool: a step, or a fact, with the generation it belongs to.
struct Entry {
  int64_t seq = 0;
  Generation generation;
  std::optional<MeasuredStep> step;
  std::optional<Event> fact;
  std::string phase;
};

struct Hello {
  std::string node;
  std::string instance;
  std::vector<SeenRank> ranks;
};
struct Batch {
  std::vector<Entry> entries;
};
using ToDaemon = std::variant<Hello, Batch>;

struct Welcome {
  int64_t term = 0;
  std::string uuid;
  int64_t acknowledged_seq = 0;
};
struct Acknowledged {
  int64_t seq = 0;
};
using ToAgent = std::variant<Welcome, Acknowledged, AgentCommand>;

}  // namespace longhaul::daemon::sim
