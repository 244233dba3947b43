#include "daemon/sim/supervisor.h"

#include <algorithm>

#include "base/core/overloaded.h"

namespace longhaul::daemon::sim {
namespace {

constexpr int64_t kStoreMs = 20;    // an operation on the shared disk
constexpr int64_t kHistoryMs = 10;  // until measurements are committed

}  // namespace

Supervisor::Supervisor(const Policy& policy, Events& events, MemoryJournal& journal, History& history,
                       Store& store, Outside outside)
    : policy_(policy),
      events_(events),
      journal_(journal),
      history_(history),
      store_(store),
      outside_(std::move(outside)),
      engine_(policy, events, journal, *this) {}

void Supervisor::later(int64_t delay_ms, std::function<void()> what) {
  events_.after(delay_ms, [what = std::move(what), life = std::weak_ptr(life_)] {
    if (!life.expired()) what();
  });
}

void Supervisor::start(bool fresh) {
  term_ = store_.claim_term();
  uuid_ = "daemon-" + std::to_string(term_);
  (void)engine_.load();
  for (const std::string& node : policy_.nodes) seen_[node] = history_.marks[node];
  engine_.handle(DaemonStarted{term_, history_.last_step(), fresh});
}

void Supervisor::hear(const std::string& node, const ToDaemon& message) {
  if (const auto* batch = std::get_if<Batch>(&message)) {
    if (connected_.contains(node)) on_batch(node, *batch);
    return;
  }
  const Hello& hello = std::get<Hello>(message);
  connected_.insert(node);
  outside_.say(node, Welcome{term_, uuid_, history_.marks[node]});
  engine_.handle(AgentConnected{hello.node, hello.instance, hello.ranks});
}

void Supervisor::disconnected(const std::string& node) {
  if (connected_.erase(node) > 0) engine_.handle(AgentDisconnected{node});
}

// As Supervisor::process_spool does for real: steps are observed, facts decided upon, then all of it is
// committed and acknowledged.
void Supervisor::on_batch(const std::string& node, const Batch& batch) {
  std::vector<MeasuredStep> steps;
  std::vector<std::pair<Event, int64_t>> facts;
  int64_t& seen = seen_[node];
  for (const Entry& entry : batch.entries) {
    if (entry.seq <= seen) continue;
    seen = entry.seq;
    if (!entry.phase.empty()) engine_.observe_phase(entry.generation, entry.phase);
    if (entry.step) {
      engine_.observe_step(entry.generation, entry.step->step);
      steps.push_back(*entry.step);
    }
    if (!entry.fact) continue;
    Event fact = *entry.fact;
    const int64_t highest = engine_.monitor().highest_step();
    if (auto* exit = std::get_if<RankExited>(&fact)) {
      exit->highest_step = highest;
      exit->at_step = engine_.monitor().step();
    }
    if (auto* restored = std::get_if<RanksRestored>(&fact)) restored->highest_step = highest;
    facts.emplace_back(std::move(fact), entry.seq);
  }
  for (const auto& [fact, seq] : facts) {
    engine_.handle(fact, {node, seq});
    if (dead_) return;
  }
  later(kHistoryMs, [this, node, seq = seen, steps = std::move(steps)] {
    for (const MeasuredStep& step : steps) {
      if (!history_.record(step)) engine_.handle(DigestMismatch{std::to_string(step.step), step.step, ""});
    }
    history_.marks[node] = std::max(history_.marks[node], seq);
    outside_.say(node, Acknowledged{seq});
  });
}

void Supervisor::find_restore() {
  const auto found = store_.newest_restorable();
  if (!found) return engine_.handle(RestoreFailed{found.error().message, false});
  if (!*found) return engine_.handle(RestoreFound{"", 0});
  engine_.handle(RestoreFound{checkpoint::folder_name(**found).value(), (*found)->step});
}

void Supervisor::launch(const LaunchRanks& a, const ActionId& id) {
  if (store_.newest_term() != term_) return outside_.leave(2);
  if (const auto fenced = store_.publish(a.generation); !fenced)
    return engine_.handle(LaunchFailed{a.generation, fenced.error().message});
  if (a.generation <= stopped_up_to_)
    return engine_.handle(LaunchFailed{a.generation, "it was stopped before it began"});
  std::map<std::string, std::vector<RankPlace>> by_node;
  for (const Placement& p : a.placements) {
    auto& ranks = by_node[p.node];
    ranks.push_back({p.rank, static_cast<int>(ranks.size())});
  }
  for (const auto& [node, ranks] : by_node) {
    if (!connected_.contains(node))
      return engine_.handle(LaunchFailed{a.generation, node + " is not connected"});
  }
  for (const auto& [node, ranks] : by_node) {
    LaunchCommand c;
    c.id = id.text();
    c.term = term_;
    c.generation = a.generation;
    c.branch = a.branch;
    c.world_size = static_cast<int>(a.placements.size());
    c.ranks = ranks;
    c.resume = a.resume;
    outside_.say(node, AgentCommand(c));
  }
}

void Supervisor::command_all(const AgentCommand& command) {
  for (const std::string& node : connected_) outside_.say(node, command);
}

void Supervisor::act(const Action& action, const ActionId& id) {
  dead_ = dead_ || outside_.die_now();
  if (dead_) return;
  std::visit(
      Overloaded{
          [&](const StartAgent& a) { outside_.start_agent(a.node); },
          [&](const FenceNode& a) { outside_.fence(a.node); },
          [&](const AskAgain& a) { outside_.disconnect(a.node); },
          [&](const FindRestore&) { later(kStoreMs, [this] { find_restore(); }); },
          [&](const LaunchRanks& a) { later(kStoreMs, [this, a, id] { launch(a, id); }); },
          [&](const StopAllRanks& a) {
            stopped_up_to_ = std::max(stopped_up_to_, a.generation);
            command_all(StopCommand{id.text(), term_, a.generation, a.force, a.grace_ms});
          },
          [&](const TellAllRanks& a) {
            command_all(TellCommand{id.text(), term_, a.generation, a.command});
          },
          [&](const DistrustCheckpoint& a) { later(kStoreMs, [this, a] { store_.distrust(a.path); }); },
          [&](const ApplyRetention&) {
            later(kStoreMs, [this] { outside_.deleted(store_.apply_retention()); });
          },
          [&](const ShutdownAgents&) {
            command_all(ShutdownCommand{id.text(), term_});
          },
          [&](const ExitDaemon& a) { later(1, [this, code = a.exit_code] { outside_.leave(code); }); },
          [&](const Announce& a) { outside_.announced(a); }},
      action);
}

}  // namespace longhaul::daemon::sim
