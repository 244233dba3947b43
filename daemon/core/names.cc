#include "daemon/core/names.h"

namespace longhaul::daemon {
namespace {

template <class Enum>
bool find(std::string_view text, Enum last, Enum* out) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_text(static_cast<Enum>(i)) == text) {
      *out = static_cast<Enum>(i);
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view to_text(RunStatus status) {
  switch (status) {
    case RunStatus::kIdle:
      return "idle";
    case RunStatus::kAcquiring:
      return "acquiring";
    case RunStatus::kLaunching:
      return "launching";
    case RunStatus::kRestoring:
      return "restoring";
    case RunStatus::kTraining:
      return "training";
    case RunStatus::kEvaluating:
      return "evaluating";
    case RunStatus::kCheckpointing:
      return "checkpointing";
    case RunStatus::kRecovering:
      return "recovering";
    case RunStatus::kDraining:
      return "draining";
    case RunStatus::kPaused:
      return "paused";
    case RunStatus::kHalted:
      return "halted";
    case RunStatus::kCompleted:
      return "completed";
  }
  return "unknown";
}

std::string_view to_text(NodeStatus status) {
  switch (status) {
    case NodeStatus::kUnknown:
      return "unknown";
    case NodeStatus::kHealthy:
      return "healthy";
    case NodeStatus::kSuspect:
      return "suspect";
    case NodeStatus::kDraining:
      return "draining";
    case NodeStatus::kDown:
      return "down";
    case NodeStatus::kExcluded:
      return "excluded";
    case NodeStatus::kSpare:
      return "spare";
  }
  return "unknown";
}

std::string_view to_text(RankStatus status) {
  switch (status) {
    case RankStatus::kAbsent:
      return "absent";
    case RankStatus::kStarting:
      return "starting";
    case RankStatus::kRestoring:
      return "restoring";
    case RankStatus::kRunning:
      return "running";
    case RankStatus::kExited:
      return "exited";
    case RankStatus::kHung:
      return "hung";
  }
  return "absent";
}

std::string_view to_text(Goal goal) {
  switch (goal) {
    case Goal::kRun:
      return "run";
    case Goal::kPause:
      return "pause";
    case Goal::kStop:
      return "stop";
  }
  return "run";
}

bool from_text(std::string_view text, RunStatus* out) { return find(text, RunStatus::kCompleted, out); }
bool from_text(std::string_view text, NodeStatus* out) { return find(text, NodeStatus::kSpare, out); }
bool from_text(std::string_view text, RankStatus* out) { return find(text, RankStatus::kHung, out); }
bool from_text(std::string_view text, Goal* out) { return find(text, Goal::kStop, out); }

}  // namespace longhaul::daemon
