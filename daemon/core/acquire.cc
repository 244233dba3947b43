// From nothing to a launch: nodes, backoff, the checkpoint to start from, a new generation.
#include <algorithm>

#include "daemon/core/decider.h"

namespace longhaul::daemon {

void Decider::begin_acquiring(const std::string& reason) {
  s().restore_pending = false;
  move_to(RunStatus::kAcquiring, reason);
  try_acquire();
}

void Decider::try_acquire() {
  if (s().status != RunStatus::kAcquiring || s().restore_pending) return;
  start_missing_agents();
  if (now_ < s().retry_at_ms) {
    s().deadline_ms = s().retry_at_ms;
    return;
  }
  if (choose_nodes().empty()) {
    s().deadline_ms = now_ + policy_.agent_start_retry_ms;
    return;
  }
  s().restore_pending = true;
  s().deadline_ms = 0;
  act(FindRestore{s().branch});
}

// Nodes that hold ranks already come first, so that a restart finds its files where they were; then the
// others in the order of the configuration, which puts spares last.
std::vector<std::string> Decider::choose_nodes() const {
  std::vector<std::string> chosen;
  const auto usable = [&](const std::string& name) {
    const auto node = s().nodes.find(name);
    return node != s().nodes.end() && node->second.connected &&
           node->second.status != NodeStatus::kExcluded &&
           std::find(chosen.begin(), chosen.end(), name) == chosen.end();
  };
  const auto full = [&] { return chosen.size() == static_cast<size_t>(policy_.nodes_needed); };
  // An agent that is new since the failure: its node has just lost one, and comes last.
  const auto in_doubt = [&](const std::string& name) {
    const auto node = s().nodes.find(name);
    return s().incident && node != s().nodes.end() && node->second.connected_ms > s().incident->at_ms;
  };
  for (const bool doubtful : {false, true}) {
    for (const RankState& rank : s().ranks) {
      if (!full() && usable(rank.node) && in_doubt(rank.node) == doubtful) chosen.push_back(rank.node);
    }
    for (const std::string& name : policy_.nodes) {
      if (!full() && usable(name) && in_doubt(name) == doubtful) chosen.push_back(name);
    }
  }
  if (!full()) chosen.clear();
  return chosen;
}

void Decider::start_missing_agents() {
  for (const std::string& name : policy_.nodes) {
    NodeState& node = s().nodes[name];
    if (node.connected || node.status == NodeStatus::kExcluded || now_ < node.start_again_ms) continue;
    node.start_again_ms = now_ + policy_.agent_start_retry_ms;
    act(StartAgent{name});
  }
}

void Decider::on(const RestoreFound& e) {
  if (s().status != RunStatus::kAcquiring || !s().restore_pending) return;
  if (e.path.empty() && s().last_checkpoint) {  // an empty mount point, say: not the same as a new run
    return on(RestoreFailed{"it holds no checkpoint, and step " + std::to_string(s().last_checkpoint->step) +
                            " was saved"});
  }
  s().restore_pending = false;
  const auto nodes = choose_nodes();
  if (nodes.empty()) return try_acquire();
  because(e.path.empty() ? "no checkpoint yet: start from step 0" : "start from " + e.path);
  launch(nodes, e.path);
}

void Decider::on(const RestoreFailed& e) {
  if (s().status != RunStatus::kAcquiring || !s().restore_pending) return;
  s().restore_pending = false;
  if (e.damaged) return halt(e.reason);
  because("the store cannot be used: " + e.reason);
  s().retry_at_ms = now_ + std::max<int64_t>(policy_.backoff_ms, 1000);  // unknown is not "nothing there"
  s().deadline_ms = s().retry_at_ms;
}

void Decider::launch(const std::vector<std::string>& nodes, const std::string& resume) {
  Generation next{s().term, s().generation.term == s().term ? s().generation.sequence + 1 : 1};
  s().generation = next;
  ++s().generations;
  s().ranks.clear();
  s().failed_saves.clear();
  LaunchRanks action{next, s().branch, {}, resume, s().restarts()};
  for (const std::string& node : nodes) {
    for (int local = 0; local < policy_.ranks_per_node; ++local) {
      const int rank = static_cast<int>(s().ranks.size());
      s().ranks.push_back({.rank = rank, .node = node, .status = RankStatus::kStarting});
      action.placements.push_back({rank, node});
    }
  }
  for (auto& [name, node] : s().nodes) {
    if (node.connected && node.status != NodeStatus::kExcluded) {
      node.status = is_placed(name) ? NodeStatus::kHealthy : NodeStatus::kSpare;
    }
  }
  move_to(RunStatus::kLaunching, "generation " + next.text(), now_ + policy_.start_timeout_ms);
  act(std::move(action));
}

// Nothing of it was started: the shell launches on all nodes or on none.
void Decider::on(const LaunchFailed& e) {
  if (!current(e.generation)) return;
  for (RankState& rank : s().ranks) {
    if (rank.status == RankStatus::kStarting) rank.status = RankStatus::kExited;
  }
  if (s().status != RunStatus::kLaunching) return continue_when_all_gone();
  fail({.kind = "launch_failed", .at_ms = now_, .step = s().highest_step, .detail = e.reason},
       "launch failed: " + e.reason);
}

}  // namespace longhaul::daemon
