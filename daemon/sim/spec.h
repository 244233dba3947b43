// What is simulated: the cluster, the run, how long things take, and what fails how often. Plain values.
// Times in ms of simulated time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "daemon/core/policy.h"

namespace longhaul::daemon::sim {

// Mean times between faults; 0: never. `each` is per node or per process, `all` for the whole cluster.
struct Faults {
  double rank_death_each_ms = 0;  // a process dies, its node is well
  double rank_hang_each_ms = 0;   // it stops making progress and does not die
  double node_loss_each_ms = 0;   // the machine is gone
  int64_t repair_ms = 0;          // until it is back
  double lemon_share = 0;         // of nodes that are lost twenty times as often
  double agent_death_each_ms = 0;
  double daemon_death_all_ms = 0;
  double daemon_death_per_action = 0;  // between a decision's being written down and being carried out
  double partition_each_ms = 0;        // the node cannot be reached, its ranks go on
  int64_t partition_length_ms = 0;
  double store_outage_all_ms = 0;
  int64_t store_outage_length_ms = 0;
  double damage_per_save = 0;     // the bytes of a save turn out wrong when they are read
  double switch_loss_all_ms = 0;  // an eighth of all nodes at once
};

struct Spec {
  std::string name;
  int nodes = 4;
  int spares = 1;
  int ranks_per_node = 2;
  int64_t days = 1;
  int64_t step_ms = 10'000;
  int64_t start_ms = 20'000;  // from the launch of the processes until they have found each other
  int64_t restore_ms = 30'000;
  int64_t save_ms = 40'000;  // training stands still
  int64_t every_steps = 100;
  int keep_last = 3;
  int64_t human_ms = 0;  // somebody starts the run again after a failure; 0: the supervisor does
  Faults faults;
  Policy policy;  // names of nodes and target are filled in by the simulation
};

// bloom, llama3, rsc1, worst. kInvalid names those there are.
Result<Spec> trace_named(const std::string& name);
std::vector<std::string> trace_names();

}  // namespace longhaul::daemon::sim
