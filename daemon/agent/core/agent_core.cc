#include "daemon/agent/core/agent_core.h"

#include <algorithm>
#include <limits>

namespace longhaul::daemon {
namespace {

constexpr Generation kEveryGeneration{std::numeric_limits<int64_t>::max(),
                                      std::numeric_limits<int64_t>::max()};

const std::string& id_of(const AgentCommand& command) {
  return std::visit([](const auto& c) -> const std::string& { return c.id; }, command);
}
int64_t term_of(const AgentCommand& command) {
  return std::visit([](const auto& c) { return c.term; }, command);
}

}  // namespace

AgentCore::AgentCore(AgentLimits limits, AgentMemory memory, int64_t now_ms)
    : limits_(limits), memory_(std::move(memory)), alone_since_ms_(now_ms) {}

AgentOutcome AgentCore::refuse(std::string reason) {
  ++refused_;
  AgentOutcome outcome;
  outcome.refusal = std::move(reason);
  return outcome;
}

AgentOutcome AgentCore::meet_daemon(int64_t term, const std::string& uuid) {
  if (term <= 0) return refuse("term " + std::to_string(term) + " cannot be");
  if (term < memory_.term)
    return refuse("term " + std::to_string(term) + " is over: term " + std::to_string(memory_.term) +
                  " has begun");
  if (term == memory_.term && uuid != memory_.uuid)
    return refuse("term " + std::to_string(term) + " belongs to daemon " + memory_.uuid + ", not to " + uuid);
  AgentOutcome outcome;
  if (term > memory_.term) {
    memory_.term = term;
    memory_.uuid = uuid;
    outcome.actions.emplace_back(RememberDaemon{term, uuid});
  }
  alone_since_ms_.reset();
  return outcome;
}

void AgentCore::daemon_lost(int64_t now_ms) {
  if (!alone_since_ms_) alone_since_ms_ = now_ms;
}

AgentOutcome AgentCore::handle(const AgentCommand& command, int64_t now_ms) {
  const int64_t term = term_of(command);
  if (term != memory_.term)
    return refuse("command of term " + std::to_string(term) + " in term " + std::to_string(memory_.term));
  if (!remember_id(id_of(command))) {
    AgentOutcome outcome;
    outcome.duplicate = true;
    return outcome;
  }
  return std::visit([&](const auto& c) { return obey(c, now_ms); }, command);
}

bool AgentCore::remember_id(const std::string& id) {
  if (!seen_ids_.insert(id).second) return false;
  seen_order_.push_back(id);
  if (seen_order_.size() > limits_.remembered_ids) {
    seen_ids_.erase(seen_order_.front());
    seen_order_.pop_front();
  }
  return true;
}

std::optional<std::string> AgentCore::why_not(const LaunchCommand& c) const {
  if (leaving_) return "this agent is leaving";
  if (c.generation <= memory_.newest)
    return "launch of " + c.generation.text() + ", but " + memory_.newest.text() + " was launched";
  if (c.generation <= fenced_)
    return "launch of " + c.generation.text() + ", but all up to " + fenced_.text() + " were told to stop";
  std::set<int> distinct;
  for (const RankPlace& place : c.ranks)
    if (place.rank < 0 || place.rank >= c.world_size || !distinct.insert(place.rank).second)
      return "launch of " + c.generation.text() + " with an impossible rank " + std::to_string(place.rank);
  return std::nullopt;
}

AgentOutcome AgentCore::obey(const LaunchCommand& command, int64_t) {
  if (auto reason = why_not(command)) return refuse(std::move(*reason));
  AgentOutcome outcome;
  drop_pending(command.generation, outcome.actions);
  kill_up_to(command.generation, outcome.actions);
  memory_.newest = command.generation;
  for (auto it = ranks_.begin(); it != ranks_.end();)
    it = it->second.state == ProcessState::kExited ? ranks_.erase(it) : std::next(it);
  const bool quiet = !any_live();
  for (const RankPlace& place : command.ranks) ranks_[RankId{command.generation, place.rank}] = Rank{};
  if (quiet) {
    outcome.actions.emplace_back(StartRanks{command});
  } else {
    pending_ = command;
  }
  return outcome;
}

AgentOutcome AgentCore::obey(const StopCommand& command, int64_t now_ms) {
  if (command.generation < memory_.newest)
    return refuse("stop of " + command.generation.text() + ", but " + memory_.newest.text() +
                  " was launched");
  fenced_ = std::max(fenced_, command.generation);
  AgentOutcome outcome;
  drop_pending(command.generation, outcome.actions);
  if (command.force) {
    kill_up_to(command.generation, outcome.actions);
  } else {
    stop_up_to(command.generation, now_ms + std::max<int64_t>(command.grace_ms, 0), outcome.actions);
  }
  return outcome;
}

AgentOutcome AgentCore::obey(const TellCommand& command, int64_t) {
  if (command.generation < memory_.newest)
    return refuse("'" + command.command + "' for " + command.generation.text() + ", but " +
                  memory_.newest.text() + " was launched");
  AgentOutcome outcome;
  for (const auto& [id, rank] : ranks_)
    if (id.generation == command.generation && rank.state == ProcessState::kRunning)
      outcome.actions.emplace_back(TellRank{id, command.command});
  return outcome;
}

AgentOutcome AgentCore::obey(const ShutdownCommand&, int64_t) {
  AgentOutcome outcome;
  outcome.actions = abandon();
  return outcome;
}

AgentActions AgentCore::terminate(int64_t now_ms) {
  AgentActions actions;
  leaving_ = true;
  drop_pending(kEveryGeneration, actions);
  stop_up_to(kEveryGeneration, now_ms + limits_.stop_grace_ms, actions);
  when_quiet(actions);
  return actions;
}

AgentActions AgentCore::abandon() {
  AgentActions actions;
  leaving_ = true;
  drop_pending(kEveryGeneration, actions);
  kill_up_to(kEveryGeneration, actions);
  when_quiet(actions);
  return actions;
}

void AgentCore::rank_started(const RankId& id, int64_t pid) {
  const auto it = ranks_.find(id);
  if (it == ranks_.end() || it->second.state != ProcessState::kStarting) return;
  it->second.pid = pid;
  it->second.state = ProcessState::kRunning;
}

AgentActions AgentCore::rank_failed(const RankId& id, const std::string& reason) {
  AgentActions actions;
  end_rank(id, RecordExit{id, 0, -1, 0, false, reason}, actions);
  when_quiet(actions);
  return actions;
}

AgentActions AgentCore::rank_exited(const RankId& id, int exit_code, int signal) {
  AgentActions actions;
  end_rank(id, RecordExit{id, 0, exit_code, signal, false, ""}, actions);
  when_quiet(actions);
  return actions;
}

void AgentCore::rank_reported(const RankId& id, const std::string& phase, int64_t step) {
  const auto it = ranks_.find(id);
  if (it == ranks_.end()) return;
  if (!phase.empty()) it->second.phase = phase;
  if (step >= 0) it->second.step = step;
}

AgentActions AgentCore::due(int64_t now_ms) {
  AgentActions actions;
  if (alone_since_ms_ && !leaving_ && now_ms - *alone_since_ms_ >= limits_.orphan_timeout_ms)
    actions = terminate(now_ms);
  for (auto& [id, rank] : ranks_) {
    if (rank.state != ProcessState::kRunning || rank.killed || !rank.kill_at_ms || *rank.kill_at_ms > now_ms)
      continue;
    rank.killed = true;
    actions.emplace_back(KillRank{id});
  }
  return actions;
}

std::optional<int64_t> AgentCore::next_due() const {
  std::optional<int64_t> next;
  const auto consider = [&](int64_t at_ms) { next = next ? std::min(*next, at_ms) : at_ms; };
  if (alone_since_ms_ && !leaving_) consider(*alone_since_ms_ + limits_.orphan_timeout_ms);
  for (const auto& [id, rank] : ranks_)
    if (rank.state == ProcessState::kRunning && !rank.killed && rank.kill_at_ms) consider(*rank.kill_at_ms);
  return next;
}

std::vector<RankView> AgentCore::ranks() const {
  std::vector<RankView> views;
  for (const auto& [id, rank] : ranks_)
    if (id.generation == memory_.newest || rank.state != ProcessState::kExited)
      views.push_back(RankView{id, rank.pid, rank.state, rank.phase, rank.step});
  return views;
}

std::optional<RankId> AgentCore::find_pid(int64_t pid) const {
  // Newest first: the pid of an exited rank may have been given out again.
  for (auto it = ranks_.rbegin(); it != ranks_.rend(); ++it)
    if (it->second.pid == pid && it->second.state == ProcessState::kRunning) return it->first;
  for (auto it = ranks_.rbegin(); it != ranks_.rend(); ++it)
    if (it->second.pid == pid) return it->first;
  return std::nullopt;
}

bool AgentCore::any_live() const {
  return std::any_of(ranks_.begin(), ranks_.end(),
                     [](const auto& entry) { return entry.second.state != ProcessState::kExited; });
}

void AgentCore::stop_up_to(const Generation& generation, int64_t kill_at_ms, AgentActions& actions) {
  for (auto& [id, rank] : ranks_) {
    if (generation < id.generation || rank.state != ProcessState::kRunning) continue;
    rank.asked = true;
    // A second stop may only shorten the grace; a second SIGTERM could end the saving that the first began.
    if (!rank.kill_at_ms) actions.emplace_back(TerminateRank{id});
    rank.kill_at_ms = rank.kill_at_ms ? std::min(*rank.kill_at_ms, kill_at_ms) : kill_at_ms;
  }
}

void AgentCore::kill_up_to(const Generation& generation, AgentActions& actions) {
  for (auto& [id, rank] : ranks_) {
    if (generation < id.generation || rank.state != ProcessState::kRunning) continue;
    rank.asked = true;
    if (!rank.killed) actions.emplace_back(KillRank{id});
    rank.killed = true;
  }
}

void AgentCore::drop_pending(const Generation& generation, AgentActions& actions) {
  if (!pending_ || generation < pending_->generation) return;
  const LaunchCommand dropped = std::move(*pending_);
  pending_.reset();
  for (const RankPlace& place : dropped.ranks) {
    const RankId id{dropped.generation, place.rank};
    ranks_[id].asked = true;
    end_rank(id, RecordExit{id, 0, -1, 0, false, "stopped before it started"}, actions);
  }
}

void AgentCore::end_rank(const RankId& id, RecordExit record, AgentActions& actions) {
  const auto it = ranks_.find(id);
  if (it == ranks_.end() || it->second.state == ProcessState::kExited) return;
  it->second.state = ProcessState::kExited;
  record.pid = it->second.pid;
  record.asked = it->second.asked;
  actions.emplace_back(std::move(record));
}

void AgentCore::when_quiet(AgentActions& actions) {
  const bool running = std::any_of(ranks_.begin(), ranks_.end(), [](const auto& entry) {
    return entry.second.state == ProcessState::kRunning;
  });
  if (running) return;
  if (pending_) {
    actions.emplace_back(StartRanks{std::move(*pending_)});
    pending_.reset();
  } else if (leaving_ && !any_live()) {
    actions.emplace_back(Leave{});
  }
}

}  // namespace longhaul::daemon
