// What the operator chose, as numbers the core decides by. Filled from config::RunConfig by the engine's
// owner; constant during a life of the daemon.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longhaul::daemon {

struct Policy {
  std::vector<std::string> nodes;  // names of all nodes, spares last
  int nodes_needed = 1;
  int ranks_per_node = 1;
  int64_t target_steps = 0;
  bool exact_trainer = true;  // our own: exit 0 without "done" means that somebody else stopped it
  bool exit_when_done = false;

  int64_t restart_budget = 20;
  int64_t backoff_ms = 200;
  int64_t backoff_max_ms = 30'000;
  int64_t start_timeout_ms = 120'000;
  int64_t stop_grace_ms = 60'000;
  int64_t agent_start_retry_ms = 2'000;
  int64_t agent_start_timeout_ms = 30'000;  // a placed node that does not connect is given up
  // hang detection, see monitor.h
  int64_t step_timeout_floor_ms = 60'000;
  double step_timeout_factor = 10;
};

}  // namespace longhaul::daemon
