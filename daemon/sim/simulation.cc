#include "daemon/sim/simulation.h"

#include <utility>

#include "daemon/core/names.h"

namespace longhaul::daemon::sim {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kTickMs = 500;
constexpr int64_t kSilenceMs = 10'000;  // no word: NodeSilent
constexpr int64_t kAgentStartMs = 50;
constexpr int64_t kOperatorMs = 3'600'000;  // until somebody resumes a halted run
constexpr int64_t kCalmMs = 3 * 3'600'000;  // after the last fault training must go on within this time

}  // namespace

Simulation::Simulation(Spec spec, uint64_t seed)
    : spec_(std::move(spec)), seed_(seed), events_(seed), store_(spec_.keep_last), checks_(events_, store_) {
  spec_.policy.nodes.clear();
  for (int i = 0; i < spec_.nodes + spec_.spares; ++i)
    spec_.policy.nodes.push_back("node-" + std::to_string(i));
  spec_.policy.nodes_needed = spec_.nodes;
  spec_.policy.ranks_per_node = spec_.ranks_per_node;
  spec_.policy.target_steps = int64_t{1} << 40;
  journal_.watch = [this](const Event&, const RunState& before, const Decision& d) {
    checks_.decided(before, d.next);
    if (d.next.status == RunStatus::kHalted && before.status != RunStatus::kHalted) {
      ++halts_[d.next.halt_reason];
      const int64_t wait_ms = spec_.human_ms > 0 ? spec_.human_ms : kOperatorMs;
      events_.after(wait_ms, [this] {
        if (supervisor_) (void)supervisor_->command("resume");
      });
    }
  };
  make_nodes();
}

void Simulation::make_nodes() {
  const AgentLimits limits{.orphan_timeout_ms = 600'000, .stop_grace_ms = spec_.policy.stop_grace_ms};
  for (const std::string& name : spec_.policy.nodes)
    nodes_[name] = std::make_unique<Node>(name, limits, events_, node_outside());
}

Node::Outside Simulation::node_outside() {
  Node::Outside o;
  o.started = [this](Node& n, const LaunchCommand& launch) { started(n, launch); };
  o.gone = [this](Node&, const RankId& id) {
    if (const auto group = groups_.find(id.generation); group != groups_.end()) group->second->lost(id);
  };
  o.asked_to_end = [this](Node&, const RankId& id) {
    if (const auto group = groups_.find(id.generation); group != groups_.end()) group->second->ask_to_end();
  };
  o.agent_left = [this](Node& n) { agent_left(n); };
  o.say = [this](Node& n, ToDaemon message) {
    network_.send(n.name(), Network::Way::kToDaemon, [this, name = n.name(), message = std::move(message)] {
      if (supervisor_) supervisor_->hear(name, message);
    });
  };
  o.connect = [this](Node& n) { connect(n); };
  return o;
}

Supervisor::Outside Simulation::supervisor_outside() {
  Supervisor::Outside o;
  o.say = [this](const std::string& name, ToAgent message) {
    network_.send(name, Network::Way::kToAgent,
                  [this, name, message = std::move(message)] { node(name).hear(message); });
  };
  o.disconnect = [this](const std::string& name) {
    network_.close(name);
    events_.after(1, [this, name] {
      if (supervisor_) supervisor_->disconnected(name);
      if (node(name).can_be_reached()) node(name).connection_lost();
    });
  };
  o.start_agent = [this](const std::string& name) { start_agent(name); };
  o.fence = [this](const std::string& name) { fence(name); };
  o.leave = [this](int exit_code) { events_.after(0, [this, exit_code] { daemon_left(exit_code); }); };
  o.die_now = [this] {
    if (calm_ || !events_.chance(spec_.faults.daemon_death_per_action)) return false;
    ++faults_["daemon_death_while_acting"];
    events_.after(0, [this] { kill_the_daemon(); });
    return true;
  };
  o.deleted = [this](const std::vector<std::string>& paths) { checks_.deleted(paths); };
  o.announced = [this](const Announce& a) { ++announced_[a.kind]; };
  return o;
}

void Simulation::start_daemon(bool fresh) {
  supervisor_ =
      std::make_unique<Supervisor>(spec_.policy, events_, journal_, history_, store_, supervisor_outside());
  supervisor_->start(fresh);
}

void Simulation::kill_daemon() {
  if (!supervisor_) return;
  supervisor_.reset();
  for (auto& [name, n] : nodes_) {
    if (!network_.is_open(name)) continue;
    network_.close(name);
    if (n->can_be_reached()) n->connection_lost();  // cut off, it learns when it is back
  }
}

void Simulation::daemon_left(int) {
  kill_daemon();
  done_ = true;
}

void Simulation::tick() {
  if (supervisor_) supervisor_->tick();
  events_.after(kTickMs, [this] { tick(); });
}

// As an agent does: again and again, until a daemon answers.
void Simulation::connect(Node& n) {
  events_.after(events_.between(100, 1'000), [this, name = n.name()] {
    Node& from = node(name);
    if (!from.has_agent() || network_.is_open(name)) return;
    if (!supervisor_ || !from.can_be_reached()) return connect(from);
    network_.open(name);
    network_.send(name, Network::Way::kToDaemon, [this, name] {
      if (supervisor_ && node(name).has_agent()) supervisor_->hear(name, node(name).hello());
    });
  });
}

void Simulation::started(Node& n, const LaunchCommand& launch) {
  auto& group = groups_[launch.generation];
  if (!group) {
    const Group::Setting setting{launch.generation,         launch.branch, launch.world_size, launch.resume,
                                 spec_.policy.target_steps, seed_};
    Group::Watch watch{[this](const Group& g, int64_t step) { checks_.stepped(g, step); },
                       [this](const Group& g, const std::string& path) { checks_.restored(g, path); },
                       [this](const Group& g, const std::string& path) { checks_.saved(g, path); }};
    group = std::make_unique<Group>(setting, spec_, events_, store_, watch);
  }
  group->join(n, launch);
  while (groups_.size() > 16) groups_.erase(groups_.begin());  // long gone
}

void Simulation::agent_left(Node& n) {
  const std::string& name = n.name();
  if (!n.can_be_reached()) return look_for_silence(name);  // nobody sees it
  network_.close(name);
  events_.after(5, [this, name] {
    if (!supervisor_ || node(name).has_agent()) return;
    supervisor_->disconnected(name);
    supervisor_->handle(AgentDied{name});
  });
}

void Simulation::start_agent(const std::string& name) {
  events_.after(kAgentStartMs, [this, name] {
    if (node(name).can_be_reached()) node(name).start_agent();
  });
}

// A machine that is off is known to be off; one that is only cut off keeps its ranks until it is back.
void Simulation::fence(const std::string& name) {
  Node& n = node(name);
  if (n.up() && !n.can_be_reached()) return;
  if (n.has_agent()) return n.kill_agent();
  events_.after(5, [this, name] {
    if (supervisor_ && !node(name).has_agent()) supervisor_->handle(AgentDied{name});
  });
}

void Simulation::look_for_silence(const std::string& name) {
  events_.after(kSilenceMs, [this, name] {
    if (!supervisor_ || node(name).can_be_reached() || !supervisor_->is_connected(name)) return;
    network_.close(name);
    supervisor_->handle(NodeSilent{name, kSilenceMs});
    supervisor_->disconnected(name);
  });
}

Outcome Simulation::run() {
  plan_faults();
  start_daemon(true);
  tick();
  const int64_t end_ms = spec_.days * kDayMs;
  while (checks_.violations().empty() && !done_ && events_.step(end_ms)) {
  }
  if (checks_.violations().empty() && !done_) finish_calm();
  return Outcome{journal_.saved.value_or(RunState{}),
                 events_.done(),
                 events_.now_ms(),
                 halts_,
                 faults_,
                 announced_,
                 checks_.violations()};
}

// Faults have stopped: steps must be done again, and nothing that was acknowledged is missing.
void Simulation::finish_calm() {
  calm_ = true;
  store_.available = true;
  const int64_t before = history_.last_step();
  const int64_t end_ms = events_.now_ms() + kCalmMs + spec_.human_ms;
  while (checks_.violations().empty() && events_.step(end_ms)) {
  }
  const RunState& state = *journal_.saved;
  if (history_.last_step() <= before)
    checks_.fail("faults have stopped, and no step was done in " + std::to_string(kCalmMs / 60'000) +
                 " minutes: the run is " + std::string(to_text(state.status)) +
                 (state.halt_reason.empty() ? "" : " (" + state.halt_reason + ")"));
  if (const int64_t missing = history_.first_missing(); missing != 0)
    checks_.fail("step " + std::to_string(missing) + " was done and is not in the history");
}

}  // namespace longhaul::daemon::sim
