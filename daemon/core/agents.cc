// Agents come and go: what that says about their ranks.
#include <algorithm>
#include <set>

#include "daemon/core/decider.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kLivedWellMs = 10'000;

}  // namespace

void Decider::on(const DaemonStarted& e) {
  if (s().term != 0) ++s().daemon_restarts;
  s().term = e.term;
  s().highest_step = std::max(s().highest_step, e.highest_step);
  if (s().generations == 0) s().budget = policy_.restart_budget;
  for (auto& [name, node] : s().nodes) {
    node.connected = false;
    node.start_again_ms = 0;
    if (node.status != NodeStatus::kExcluded) node.status = NodeStatus::kUnknown;
  }
  if (s().daemon_restarts > 0) {
    announce({.kind = "daemon_restarted",
              .severity = "info",
              .title = "The supervisor was restarted.",
              .detail = ranks_run() ? "Training went on meanwhile." : "",
              .step = s().highest_step});
  }
  switch (s().status) {
    case RunStatus::kIdle:
      if (s().goal == Goal::kStop && !e.fresh) {  // stopped; the daemon before died on its way out
        act(ShutdownAgents{});
        act(ExitDaemon{s().halt_exit_code});
        return;
      }
      s().goal = Goal::kRun;
      if (s().generations == 0)
        announce({.kind = "run_started", .severity = "info", .title = "The run has started."});
      return begin_acquiring("a daemon started");
    case RunStatus::kAcquiring:
      return begin_acquiring("a daemon took over");
    case RunStatus::kCompleted:
      if (policy_.target_steps > s().step) return begin_acquiring("the target was raised");
      if (policy_.exit_when_done) act(ShutdownAgents{}), act(ExitDaemon{0});
      return;
    case RunStatus::kHalted:
      if (e.fresh) return try_again_after_halt("started again by its operator");
      if (policy_.exit_when_done) act(ShutdownAgents{}), act(ExitDaemon{s().halt_exit_code});
      return;
    case RunStatus::kPaused:
      return;
    case RunStatus::kLaunching:
    case RunStatus::kRestoring:
    case RunStatus::kTraining:
    case RunStatus::kEvaluating:
    case RunStatus::kCheckpointing:
    case RunStatus::kRecovering:
    case RunStatus::kDraining:
      break;
  }
  // Ranks are expected to live. Their agents reconnect by themselves; where an agent is gone too, a new
  // one is started and its word that no rank is left counts.
  because("wait for the agents to say which ranks run");
  const bool draining = s().status == RunStatus::kDraining;  // a save may be under way: all of its grace
  s().deadline_ms = now_ + (draining ? policy_.stop_grace_ms : policy_.agent_start_timeout_ms);
  start_missing_agents();
}

void Decider::on(const AgentConnected& e) {
  NodeState& node = s().nodes[e.node];
  node.connected = true;
  node.connected_ms = now_;
  if (node.instance != e.instance) ++node.lives;
  node.instance = e.instance;
  if (node.status != NodeStatus::kExcluded)
    node.status = is_placed(e.node) ? NodeStatus::kHealthy : NodeStatus::kSpare;

  for (const SeenRank& seen : e.ranks) {
    const auto generation = parse_generation(seen.generation);
    if (seen.alive && generation && *generation < s().generation) act(StopAllRanks{*generation, true, 0});
  }
  const bool nothing_wanted = s().status == RunStatus::kHalted || s().status == RunStatus::kPaused ||
                              s().status == RunStatus::kIdle || s().status == RunStatus::kCompleted;
  if (nothing_wanted &&
      std::any_of(e.ranks.begin(), e.ranks.end(), [](const SeenRank& r) { return r.alive; })) {
    act(StopAllRanks{s().generation, true, 0});  // the daemon before died between deciding and telling
  }
  bool lost = false;
  for (RankState& rank : s().ranks) {
    if (rank.node != e.node || rank.status == RankStatus::kExited || rank.status == RankStatus::kAbsent)
      continue;
    const bool listed = std::any_of(e.ranks.begin(), e.ranks.end(), [&](const SeenRank& seen) {
      return seen.rank == rank.rank && seen.generation == s().generation.text();
    });  // listed as dead: its exit is in the agent's spool, with the evidence, and comes next
    if (listed) continue;
    lost = true;
    rank.status = RankStatus::kExited;
  }
  if (lost && ranks_run()) {
    return fail({.kind = "agent_died",
                 .node = e.node,
                 .at_ms = now_,
                 .step = s().highest_step,
                 .detail = "A new agent has none of its ranks."},
                "the agent on " + e.node + " came back without its ranks");
  }
  if (s().status == RunStatus::kRecovering) act(StopAllRanks{s().generation, true, 0});
  if (s().status == RunStatus::kDraining) act(StopAllRanks{s().generation, false, policy_.stop_grace_ms});
  continue_when_all_gone();
  const bool all_back = std::all_of(s().ranks.begin(), s().ranks.end(),
                                    [&](const RankState& r) { return s().nodes[r.node].connected; });
  if (s().status == RunStatus::kTraining && all_back) s().deadline_ms = 0;
  try_acquire();
}

void Decider::on(const AgentDisconnected& e) {
  NodeState& node = s().nodes[e.node];
  node.connected = false;
  if (node.status == NodeStatus::kHealthy || node.status == NodeStatus::kSpare)
    node.status = NodeStatus::kSuspect;
}

void Decider::on(const AgentDied& e) {
  NodeState& node = s().nodes[e.node];
  node.connected = false;
  if (node.status != NodeStatus::kExcluded) node.status = NodeStatus::kDown;
  // At once when it had lived well; a program that dies as it starts is given more and more time.
  const bool lived_well = node.connected_ms != 0 && now_ - node.connected_ms >= kLivedWellMs;
  node.early_deaths = lived_well ? 0 : node.early_deaths + 1;
  node.connected_ms = 0;
  const int64_t doublings = std::min<int64_t>(node.early_deaths, 12);
  node.start_again_ms =
      node.early_deaths <= 1 ? 0 : now_ + std::min(policy_.backoff_ms << doublings, policy_.backoff_max_ms);
  const bool mine = is_placed(e.node);
  lose_ranks_of(e.node);
  if (mine && s().incident && s().incident->kind == "peer_lost") {  // the cause behind the lost peers
    s().incident->kind = "agent_died";
    s().incident->node = e.node;
    s().incident->detail = "Its process is gone.";
  }
  if (ranks_run() || s().status == RunStatus::kAcquiring || s().status == RunStatus::kRecovering)
    start_missing_agents();
  if (mine && ranks_run()) {
    return fail({.kind = "agent_died",
                 .node = e.node,
                 .at_ms = now_,
                 .step = s().highest_step,
                 .detail = "Its process is gone."},
                "the agent on " + e.node + " died");
  }
  continue_when_all_gone();
  try_acquire();
}

void Decider::on(const NodeSilent& e) {
  const auto node = s().nodes.find(e.node);
  if (node == s().nodes.end() || node->second.status == NodeStatus::kDown) return;
  because(e.node + " has been silent for " + std::to_string(e.silent_ms) + " ms");
  node->second.connected = false;
  node->second.status = NodeStatus::kSuspect;
  act(FenceNode{e.node});  // AgentDied follows once that is certain
}

void Decider::on(const DeadlinePassed&) {
  if (s().deadline_ms == 0 || now_ < s().deadline_ms) return;
  s().deadline_ms = 0;
  if (s().status == RunStatus::kAcquiring) {
    s().deadline_ms = now_ + policy_.agent_start_retry_ms;  // replaced by try_acquire when it goes further
    return try_acquire();
  }
  if (s().status == RunStatus::kLaunching || s().status == RunStatus::kRestoring) {
    const std::string text =
        "no step within " + std::to_string(policy_.start_timeout_ms) + " ms of the launch";
    // No signature: what holds up a start is more often the store or the network than the run itself.
    return fail({.kind = "hang", .at_ms = now_, .step = s().highest_step, .detail = text}, text);
  }
  if (!ranks_run() && s().status != RunStatus::kRecovering && s().status != RunStatus::kDraining) return;
  // Somebody owes an answer: who can be reached is told again, who cannot is fenced.
  std::set<std::string> unreachable;
  for (const RankState& rank : s().ranks) {
    if (rank.status != RankStatus::kExited && !s().nodes[rank.node].connected) unreachable.insert(rank.node);
  }
  for (const std::string& node : unreachable) act(FenceNode{node});
  if (!ranks_run()) {
    std::set<std::string> owing;
    for (const RankState& rank : s().ranks) {
      if (rank.status != RankStatus::kExited && s().nodes[rank.node].connected) owing.insert(rank.node);
    }
    for (const std::string& node : owing) act(AskAgain{node});
  }
  if (ranks_run()) {
    const bool left = std::any_of(s().ranks.begin(), s().ranks.end(),
                                  [](const RankState& r) { return r.status == RankStatus::kExited; });
    if (left)
      fail({.kind = "hang",
            .at_ms = now_,
            .step = s().highest_step,
            .detail = "Some ranks left and the others stayed."},
           "ranks did not leave together");
    return;
  }
  act(StopAllRanks{s().generation, true, 0});
  s().deadline_ms = now_ + policy_.agent_start_retry_ms;
}

}  // namespace longhaul::daemon
