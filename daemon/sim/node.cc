#include "daemon/sim/node.h"

#include <utility>

#include "base/core/overloaded.h"

namespace longhaul::daemon::sim {
namespace {

constexpr int64_t kKillMs = 20;  // from SIGKILL until the process is reaped

Entry exit_entry(const std::string& node, const RankId& id, int exit_code, int signal, bool asked) {
  Entry e;
  e.generation = id.generation;
  e.fact = RankExited{id.generation, id.rank, node, exit_code, signal, asked, 0, ""};
  return e;
}

}  // namespace

Node::Node(std::string name, AgentLimits limits, Events& events, Outside outside)
    : name_(std::move(name)), limits_(limits), events_(events), outside_(std::move(outside)) {}

void Node::start_agent() {
  if (!up_ || core_) return;
  ++life_;
  core_.emplace(limits_, memory_, events_.now_ms());
  welcomed_ = false;
  // What an earlier life had started died with it, and nobody has told.
  for (const auto& [id, asked] : records_) tell(exit_entry(name_, id, -1, 9, false));
  records_.clear();
  plan_due();
  outside_.connect(*this);
}

void Node::kill_agent() {
  if (!core_) return;
  core_.reset();
  welcomed_ = false;
  const auto ended = std::exchange(processes_, {});  // PDEATHSIG
  for (const auto& [id, pid] : ended) outside_.gone(*this, id);
  outside_.agent_left(*this);
}

void Node::ask_agent_to_end() {
  if (core_) execute(core_->terminate(events_.now_ms()));
}

void Node::lose() {
  up_ = false;
  kill_agent();
}

void Node::end_process(const RankId& id, int exit_code, int signal) {
  if (processes_.erase(id) == 0) return;
  outside_.gone(*this, id);
  execute(core_->rank_exited(id, exit_code, signal));
}

void Node::tell(Entry entry) {
  entry.seq = next_seq_++;
  spool_.push_back(std::move(entry));
  send_spool();
}

void Node::send_spool() {
  if (!welcomed_) return;
  Batch batch;
  for (auto it = spool_.rbegin(); it != spool_.rend() && it->seq > sent_seq_; ++it)
    batch.entries.insert(batch.entries.begin(), *it);
  if (batch.entries.empty()) return;
  sent_seq_ = batch.entries.back().seq;
  outside_.say(*this, std::move(batch));
}

Hello Node::hello() const {
  Hello h{name_, name_ + "/" + std::to_string(life_), {}};
  for (const RankView& rank : core_->ranks())
    h.ranks.push_back({rank.id.rank, rank.id.generation.text(), rank.state != ProcessState::kExited});
  return h;
}

void Node::hear(const ToAgent& message) {
  if (!core_) return;
  if (const auto* welcome = std::get_if<Welcome>(&message)) {
    const AgentOutcome outcome = core_->meet_daemon(welcome->term, welcome->uuid);
    if (outcome.refusal) return;
    execute(outcome.actions);
    if (!core_) return;
    welcomed_ = true;
    while (!spool_.empty() && spool_.front().seq <= welcome->acknowledged_seq) spool_.pop_front();
    sent_seq_ = welcome->acknowledged_seq;
    return send_spool();
  }
  if (!welcomed_) return;
  if (const auto* acknowledged = std::get_if<Acknowledged>(&message)) {
    while (!spool_.empty() && spool_.front().seq <= acknowledged->seq) spool_.pop_front();
    return;
  }
  execute(core_->handle(std::get<AgentCommand>(message), events_.now_ms()).actions);
}

void Node::connection_lost() {
  welcomed_ = false;
  if (!core_) return;
  core_->daemon_lost(events_.now_ms());
  plan_due();
  outside_.connect(*this);
}

void Node::plan_due() {
  const auto due = core_ ? core_->next_due() : std::nullopt;
  if (!due) return;
  events_.after(*due - events_.now_ms(), [this, life = life_] {
    if (!core_ || life != life_) return;
    if (const auto still = core_->next_due(); still && *still <= events_.now_ms())
      execute(core_->due(events_.now_ms()));
  });
}

void Node::execute(const AgentActions& actions) {
  for (const AgentAction& action : actions) {
    if (!core_) return;
    std::visit(Overloaded{[&](const RememberDaemon& a) {
                            memory_.term = a.term;
                            memory_.uuid = a.uuid;
                          },
                          [&](const StartRanks& a) {
                            memory_.newest = a.launch.generation;
                            for (const RankPlace& place : a.launch.ranks) {
                              const RankId id{a.launch.generation, place.rank};
                              records_[id] = false;
                              processes_[id] = next_pid_;
                              core_->rank_started(id, next_pid_++);
                            }
                            outside_.started(*this, a.launch);
                          },
                          [&](const TerminateRank& a) { outside_.asked_to_end(*this, a.id); },
                          [&](const KillRank& a) {
                            events_.after(kKillMs, [this, id = a.id, life = life_] {
                              if (core_ && life == life_) end_process(id, -1, 9);
                            });
                          },
                          [&](const TellRank&) {},
                          [&](const RecordExit& a) {
                            records_.erase(a.id);
                            tell(exit_entry(name_, a.id, a.exit_code, a.signal, a.asked));
                          },
                          [&](const Leave&) { kill_agent(); }},
               action);
  }
  plan_due();
}

}  // namespace longhaul::daemon::sim
