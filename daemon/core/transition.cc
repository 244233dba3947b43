// The funnel: every change of the run's status, and the booking of its time, is here.
#include "daemon/core/decider.h"
#include "daemon/core/names.h"

namespace longhaul::daemon {
namespace {

int64_t* bucket(RunState* s) {
  TimeUse& t = s->time_use;
  switch (s->status) {
    case RunStatus::kTraining:
    case RunStatus::kEvaluating:
      return s->catching_up ? &t.rerun_ms : &t.productive_ms;
    case RunStatus::kCheckpointing:
      return &t.checkpoint_ms;
    case RunStatus::kAcquiring:
    case RunStatus::kLaunching:
    case RunStatus::kRestoring:
    case RunStatus::kRecovering:
      return &t.restarting_ms;
    case RunStatus::kDraining:
    case RunStatus::kPaused:
      return &t.paused_ms;
    case RunStatus::kIdle:
    case RunStatus::kHalted:
    case RunStatus::kCompleted:
      return &t.waiting_ms;
  }
  return &t.waiting_ms;
}

}  // namespace

void Decider::account() {
  RunState& state = s();
  if (state.started_ms == 0) state.started_ms = state.accounted_ms = now_;
  if (now_ <= state.accounted_ms) return;  // the wall clock may jump back: then nothing is booked twice
  *bucket(&state) += now_ - state.accounted_ms;
  state.accounted_ms = now_;
}

void Decider::move_to(RunStatus to, const std::string& reason, int64_t deadline_ms) {
  d_.transitions.push_back({s().status, to, reason});
  because(std::string(to_text(s().status)) + " → " + std::string(to_text(to)) + ": " + reason);
  if (s().status != to) s().status_since_ms = now_;
  s().status = to;
  s().deadline_ms = deadline_ms;
}

void Decider::halt(const std::string& reason, int exit_code) {
  s().halt_reason = reason;
  s().halt_exit_code = exit_code;
  move_to(RunStatus::kHalted, reason);
  announce({.kind = "halted",
            .severity = "error",
            .title = "The run has halted and needs its operator.",
            .detail = reason,
            .step = s().step});
  if (policy_.exit_when_done) {
    act(ShutdownAgents{});
    act(ExitDaemon{exit_code});
  }
}

}  // namespace longhaul::daemon
