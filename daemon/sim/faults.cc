// What fails, and when: each kind at random times, for as long as the first phase lasts.
#include "daemon/sim/simulation.h"

namespace longhaul::daemon::sim {
namespace {

constexpr int64_t kDaemonStartMs = 500;  // the keeper starts it again

}  // namespace

void Simulation::plan(const std::string& kind, double mean_ms, void (Simulation::*strike)()) {
  if (mean_ms <= 0) return;
  events_.after(events_.next_in(mean_ms), [this, kind, mean_ms, strike] {
    if (calm_) return;
    ++faults_[kind];
    (this->*strike)();
    plan(kind, mean_ms, strike);
  });
}

void Simulation::plan_faults() {
  const Faults& f = spec_.faults;
  const double nodes = static_cast<double>(nodes_.size());
  const double ranks = static_cast<double>(spec_.nodes * spec_.ranks_per_node);
  plan("rank_death", f.rank_death_each_ms / ranks, &Simulation::kill_a_rank);
  plan("rank_hang", f.rank_hang_each_ms / ranks, &Simulation::hang_a_group);
  plan("node_loss", f.node_loss_each_ms / nodes, &Simulation::lose_a_node);
  plan("agent_death", f.agent_death_each_ms / nodes, &Simulation::kill_an_agent);
  plan("partition", f.partition_each_ms / nodes, &Simulation::cut_a_node_off);
  plan("daemon_death", f.daemon_death_all_ms, &Simulation::kill_the_daemon);
  plan("store_outage", f.store_outage_all_ms, &Simulation::lose_the_store);
  plan("switch_loss", f.switch_loss_all_ms, &Simulation::lose_a_switch);
}

Node& Simulation::any_node() {
  const double lemons = spec_.faults.lemon_share * static_cast<double>(nodes_.size());
  auto at = nodes_.begin();
  // The first ones are the lemons: as likely to be struck as twenty others.
  const double weight = lemons * 20 + static_cast<double>(nodes_.size()) - lemons;
  if (lemons >= 1 && events_.chance(lemons * 20 / weight)) {
    std::advance(at, events_.between(0, static_cast<int64_t>(lemons) - 1));
  } else {
    std::advance(at, events_.between(0, static_cast<int64_t>(nodes_.size()) - 1));
  }
  return *at->second;
}

Node* Simulation::node_with_ranks() {
  std::vector<Node*> candidates;
  for (const auto& [name, n] : nodes_) {
    if (n->has_agent() && !n->processes().empty()) candidates.push_back(n.get());
  }
  if (candidates.empty()) return nullptr;
  return candidates[static_cast<size_t>(events_.between(0, static_cast<int64_t>(candidates.size()) - 1))];
}

void Simulation::kill_a_rank() {
  Node* n = node_with_ranks();
  if (n == nullptr) return;
  auto process = n->processes().begin();
  std::advance(process, events_.between(0, static_cast<int64_t>(n->processes().size()) - 1));
  // A crash of its own every second time: that counts as the run's own failure.
  const bool by_signal = events_.chance(0.5);
  n->end_process(RankId(process->first), by_signal ? -1 : 3, by_signal ? 9 : 0);
}

void Simulation::hang_a_group() {
  Node* n = node_with_ranks();
  if (n == nullptr) return;
  const auto group = groups_.find(n->processes().begin()->first.generation);
  if (group != groups_.end()) group->second->hang();
}

void Simulation::lose(Node& n) {
  if (!n.up()) return;
  n.lose();
  look_for_silence(n.name());
  events_.after(spec_.faults.repair_ms, [this, name = n.name()] {
    node(name).come_back();
    network_.close(name);
    if (supervisor_) {
      supervisor_->disconnected(name);
      supervisor_->handle(AgentDied{name});
    }
  });
}

void Simulation::lose_a_node() { lose(any_node()); }

void Simulation::lose_a_switch() {
  auto at = nodes_.begin();
  const auto eighth = static_cast<int64_t>((nodes_.size() + 7) / 8);
  std::advance(at, events_.between(0, (static_cast<int64_t>(nodes_.size()) - 1) / eighth) * eighth);
  for (int64_t i = 0; i < eighth && at != nodes_.end(); ++i, ++at) lose(*at->second);
}

void Simulation::kill_an_agent() { any_node().kill_agent(); }

void Simulation::kill_the_daemon() {
  if (!supervisor_) return;
  kill_daemon();
  events_.after(kDaemonStartMs, [this] {
    if (!supervisor_ && !done_) start_daemon(false);
  });
}

void Simulation::cut_a_node_off() {
  Node& n = any_node();
  if (!n.can_be_reached()) return;
  n.set_cut_off(true);
  network_.set_cut_off(n.name(), true);
  look_for_silence(n.name());
  events_.after(spec_.faults.partition_length_ms, [this, name = n.name()] {
    node(name).set_cut_off(false);
    network_.set_cut_off(name, false);
    if (!network_.is_open(name)) node(name).connection_lost();  // the other end has closed it
  });
}

void Simulation::lose_the_store() {
  store_.available = false;
  events_.after(spec_.faults.store_outage_length_ms, [this] { store_.available = true; });
}

}  // namespace longhaul::daemon::sim
