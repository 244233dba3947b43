#include "daemon/engine/engine.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/core/log.h"
#include "daemon/core/names.h"
#include "daemon/engine/codec.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kStoodStillMs = 1'000;  // between two ticks: then it was this process that was silent

bool live(RunStatus status) {
  return status == RunStatus::kLaunching || status == RunStatus::kRestoring ||
         status == RunStatus::kTraining || status == RunStatus::kEvaluating ||
         status == RunStatus::kCheckpointing;
}

bool stepping(RunStatus status) {
  return live(status) && status != RunStatus::kLaunching && status != RunStatus::kRestoring;
}

}  // namespace

Engine::Engine(const Policy& policy, const Clock& clock, Journal& journal, Actuator& actuator)
    : policy_(policy), clock_(clock), journal_(journal), actuator_(actuator), monitor_(policy) {}

Result<> Engine::load() {
  LH_ASSIGN(auto state, journal_.load());
  if (state) state_ = std::move(*state);
  origin_wall_ms_ = std::max(clock_.wall_ms(), state_.accounted_ms);
  origin_steady_ms_ = last_tick_ms_ = clock_.steady_ms();
  watch_ranks();
  return {};
}

int64_t Engine::now_ms() const { return origin_wall_ms_ + clock_.steady_ms() - origin_steady_ms_; }

void Engine::handle(const Event& event, const SpoolPlace& from) {
  waiting_.push_back({event, from});
  work_off();
}

void Engine::work_off() {
  if (busy_) return;  // an actuator that answers at once: the event waits its turn
  busy_ = true;
  while (!waiting_.empty() && process(waiting_.front(), nullptr)) waiting_.pop_front();
  busy_ = false;
}

Reply Engine::command(const OperatorCommand& command, bool dry_run) {
  if (dry_run) {
    const Decision d = decide(state_, command, Inputs{now_ms(), "", 0}, policy_);
    Reply reply = d.reply.value_or(Reply{});
    for (const std::string& reason : d.reasons) reply.message += "; " + reason;
    return reply;
  }
  if (!waiting_.empty()) return {false, "the journal cannot be written now: " + journal_trouble_};
  std::optional<Reply> reply;
  busy_ = true;
  const bool persisted = process({command, {}}, &reply);
  busy_ = false;
  if (!persisted) return {false, "the journal cannot be written now: " + journal_trouble_};
  tick();
  return reply.value_or(Reply{});
}

bool Engine::process(const Waiting& w, std::optional<Reply>* reply) {
  const Inputs inputs{now_ms(), w.from.node, w.from.seq};
  Decision decision = decide(state_, w.event, inputs, policy_);
  const auto entry = journal_.append(w.event, inputs, decision);
  if (!entry) {
    if (journal_trouble_.empty()) log_error("decisions wait: " + entry.error().message);
    journal_trouble_ = entry.error().message;
    return false;
  }
  if (!journal_trouble_.empty()) log_info("the journal can be written again");
  journal_trouble_.clear();
  for (const std::string& reason : decision.reasons)
    log_info(fmt::format("{}: {}", name_of(w.event), reason));
  state_ = std::move(decision.next);
  watch_ranks();
  if (reply != nullptr) *reply = decision.reply;
  for (size_t i = 0; i < decision.actions.size(); ++i) {
    actuator_.act(decision.actions[i], ActionId{state_.term, *entry, static_cast<int64_t>(i)});
  }
  return true;
}

void Engine::watch_ranks() {
  if (live(state_.status)) {
    monitor_.watch(state_.generation, state_.highest_step, stepping(state_.status), clock_.steady_ms());
  } else {
    monitor_.rest();
  }
}

void Engine::observe_step(const Generation& generation, int64_t step) {
  for (const Event& event : monitor_.observe_step(generation, step, clock_.steady_ms())) handle(event);
}

void Engine::observe_phase(const Generation& generation, const std::string& phase) {
  monitor_.observe_phase(generation, phase, clock_.steady_ms());
}

void Engine::tick() {
  if (busy_) return;
  const int64_t gap_ms = clock_.steady_ms() - last_tick_ms_;
  last_tick_ms_ = clock_.steady_ms();
  if (gap_ms > kStoodStillMs) monitor_.forgive(gap_ms);
  work_off();
  if (!waiting_.empty()) return;
  if (const auto stalled = monitor_.check(clock_.steady_ms())) handle(*stalled);
  if (state_.deadline_ms != 0 && now_ms() >= state_.deadline_ms) handle(DeadlinePassed{});
}

}  // namespace longhaul::daemon
