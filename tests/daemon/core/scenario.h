// A run in a test: events go in, the state moves on, actions are kept. Reads as a story.
#pragma once

#include <string>
#include <vector>

#include "daemon/core/decide.h"
#include "daemon/core/names.h"

namespace longhaul::daemon {

struct Scenario {
  Policy policy;
  RunState state;
  int64_t now_ms = 1'000'000;
  std::vector<Action> actions;  // of the last event
  std::vector<Action> all;
  Decision last;

  Scenario() {
    policy.nodes = {"node-0", "node-1", "node-2"};
    policy.nodes_needed = 2;
    policy.ranks_per_node = 2;
    policy.target_steps = 100;
  }

  Scenario& on(const Event& event) {
    last = decide(state, event, Inputs{now_ms}, policy);
    state = last.next;
    actions = last.actions;
    all.insert(all.end(), actions.begin(), actions.end());
    return *this;
  }
  Scenario& wait(int64_t ms) {
    now_ms += ms;
    return *this;
  }
  std::string status() const { return std::string(to_text(state.status)); }

  template <class A>
  std::vector<A> of(const std::vector<Action>& list) const {
    std::vector<A> found;
    for (const Action& action : list) {
      if (const A* a = std::get_if<A>(&action)) found.push_back(*a);
    }
    return found;
  }
  template <class A>
  std::vector<A> done() const {
    return of<A>(actions);
  }
  std::vector<std::string> announced() const {
    std::vector<std::string> kinds;
    for (const Announce& a : of<Announce>(all)) kinds.push_back(a.kind);
    return kinds;
  }

  Scenario& start() { return on(DaemonStarted{1, 0}); }
  Scenario& connect(const std::string& node) { return on(AgentConnected{node, "i-" + node, {}}); }
  // Both working nodes are there, a checkpoint was chosen, ranks are launched.
  Scenario& launched(int64_t from_step = 0) {
    start().connect("node-0").connect("node-1");
    return on(RestoreFound{from_step > 0 ? "/s/step-" + std::to_string(from_step) : "", from_step});
  }
  Scenario& training(int64_t from_step = 0) {
    launched(from_step);
    on(RanksRestored{state.generation, from_step, from_step, "", {}, {}});
    on(FirstStep{state.generation, from_step + 1});
    return on(CaughtUp{state.generation, from_step + 1});
  }
  // at_step: of the generation; by itself the highest one.
  Scenario& exit(int rank, int code, int signal = 0, bool asked = false, int64_t highest = 0,
                 int64_t at_step = -1) {
    const std::string node = state.ranks.at(static_cast<size_t>(rank)).node;
    return on(RankExited{state.generation, rank, node, code, signal, asked, highest, "",
                         at_step < 0 ? highest : at_step});
  }
};

}  // namespace longhaul::daemon
