#include "daemon/core/time_use.h"

namespace longhaul::daemon {
namespace {

int64_t& bucket(const RunState& s, TimeUse& t) {
  switch (s.status) {
    case RunStatus::kTraining:
    case RunStatus::kEvaluating:
      return s.catching_up ? t.rerun_ms : t.productive_ms;
    case RunStatus::kCheckpointing:
      return t.checkpoint_ms;
    case RunStatus::kAcquiring:
    case RunStatus::kLaunching:
    case RunStatus::kRestoring:
    case RunStatus::kRecovering:
      return t.restarting_ms;
    case RunStatus::kDraining:
    case RunStatus::kPaused:
      return t.paused_ms;
    case RunStatus::kIdle:
    case RunStatus::kHalted:
    case RunStatus::kCompleted:
      return t.waiting_ms;
  }
  return t.waiting_ms;
}

}  // namespace

TimeUse time_use_at(const RunState& state, int64_t now_ms) {
  TimeUse t = state.time_use;
  // The wall clock may jump back: then nothing is booked twice.
  if (now_ms > state.accounted_ms) bucket(state, t) += now_ms - state.accounted_ms;
  return t;
}

}  // namespace longhaul::daemon
