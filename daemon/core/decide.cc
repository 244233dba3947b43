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
  if (decider.is_news(inputs)) std::visit([&](const auto& e) { decider.on(e); }, event);
  return decider.take();
}

// An agent tells again what its daemon had decided upon but not yet acknowledged when it died.
bool Decider::is_news(const Inputs& inputs) {
  if (inputs.spool_node.empty()) return true;
  int64_t& decided = s().nodes[inputs.spool_node].spool_seq;
  if (inputs.spool_seq <= decided) {
    because("entry " + std::to_string(inputs.spool_seq) + " of " + inputs.spool_node + " was told before");
    return false;
  }
  decided = inputs.spool_seq;
  return true;
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
