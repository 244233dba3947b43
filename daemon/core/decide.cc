#include "daemon/core/decide.h"

#include "daemon/core/decider.h"

namespace longhaul::daemon {

Decider::Decider(const RunState& state, const Inputs& inputs, const Policy& policy)
    : now_(inputs.now_ms), policy_(policy) {
  d_.next = state;
  account();
}

Decision decide(const RunState& state, const Event& event, const Inputs& inputs, const Policy& policy) {
  Decider decider(state, inputs, policy);
  std::visit([&](const auto& e) { decider.on(e); }, event);
  return decider.take();
}

bool Decider::ranks_run() const {
  switch (s().status) {
    case RunStatus::kLaunching:
    case RunStatus::kRestoring:
    case RunStatus::kTraining:
    case RunStatus::kEvaluating:
    case RunStatus::kCheckpointing:
      return true;
    case RunStatus::kIdle:
    case RunStatus::kAcquiring:
    case RunStatus::kRecovering:
    case RunStatus::kDraining:
    case RunStatus::kPaused:
    case RunStatus::kHalted:
    case RunStatus::kCompleted:
      return false;
  }
  return false;
}

bool Decider::all_gone() const {
  for (const RankState& rank : s().ranks) {
    if (rank.status != RankStatus::kExited && rank.status != RankStatus::kAbsent) return false;
  }
  return true;
}

bool Decider::is_placed(const std::string& node) const {
  for (const RankState& rank : s().ranks) {
    if (rank.node == node) return true;
  }
  return false;
}

}  // namespace longhaul::daemon
