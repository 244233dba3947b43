// One simulated run: the production engine and agent cores over a simulated cluster, with faults drawn from
// a seed. Phase one: faults, and after every event nothing that must hold is broken. Phase two: faults have
// stopped, and training must go on within a bound. The same spec and seed give the same run.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/sim/checks.h"
#include "daemon/sim/events.h"
#include "daemon/sim/group.h"
#include "daemon/sim/history.h"
#include "daemon/sim/network.h"
#include "daemon/sim/node.h"
#include "daemon/sim/spec.h"
#include "daemon/sim/store.h"
#include "daemon/sim/supervisor.h"

namespace longhaul::daemon::sim {

struct Outcome {
  RunState state;
  int64_t events = 0;
  int64_t simulated_ms = 0;
  std::map<std::string, int64_t> halts;      // by reason
  std::map<std::string, int64_t> faults;     // by kind
  std::map<std::string, int64_t> announced;  // by kind
  std::vector<std::string> violations;       // empty: all held
  double goodput() const {
    return simulated_ms > 0
               ? static_cast<double>(state.time_use.productive_ms) / static_cast<double>(simulated_ms)
               : 0;
  }
};

class Simulation {
 public:
  Simulation(Spec spec, uint64_t seed);
  Outcome run();

 private:
  // simulation.cc
  void make_nodes();
  Supervisor::Outside supervisor_outside();
  Node::Outside node_outside();
  void start_daemon(bool fresh);
  void kill_daemon();
  void daemon_left(int exit_code);
  void tick();
  void connect(Node& node);
  void started(Node& node, const LaunchCommand& launch);
  void agent_left(Node& node);
  void start_agent(const std::string& name);
  void fence(const std::string& name);
  void look_for_silence(const std::string& name);
  void finish_calm();
  Node& node(const std::string& name) { return *nodes_.at(name); }

  // faults.cc
  void plan_faults();
  void plan(const std::string& kind, double mean_ms, void (Simulation::*strike)());
  void kill_a_rank();
  void hang_a_group();
  void lose_a_node();
  void lose_a_switch();
  void kill_an_agent();
  void kill_the_daemon();
  void cut_a_node_off();
  void lose_the_store();
  void lose(Node& node);
  Node& any_node();
  Node* node_with_ranks();

  Spec spec_;
  const uint64_t seed_;
  Events events_;
  Store store_;
  History history_;
  MemoryJournal journal_;
  Network network_{events_};
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  std::map<Generation, std::unique_ptr<Group>> groups_;
  std::unique_ptr<Supervisor> supervisor_;
  Checks checks_;
  bool calm_ = false;
  bool done_ = false;
  std::map<std::string, int64_t> halts_;
  std::map<std::string, int64_t> faults_;
  std::map<std::string, int64_t> announced_;
};

}  // namespace longhaul::daemon::sim
