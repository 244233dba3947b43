// The funnel: every change of the run's status, and the booking of its time, is here.
#include <algorithm>

#include "daemon/core/decider.h"
#include "daemon/core/names.h"
#include "daemon/core/time_use.h"

namespace longhaul::daemon {
void Decider::account() {
  RunState& state = s();
  if (state.started_ms == 0) state.started_ms = state.accounted_ms = now_;
  state.time_use = time_use_at(state, now_);
  state.accounted_ms = std::max(state.accounted_ms, now_);
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
