// What ranks say (docs/rank-protocol.md), told apart: measurements for the history, facts for the engine.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/event.h"
#include "telemetry/history/types.h"
#include "wire/messages/messages.h"

namespace longhaul::daemon {

struct Report {
  Generation generation;
  int rank = -1;
  std::string phase;                          // empty: not said
  std::optional<telemetry::StepRecord> step;  // a training step with its measurements
  std::optional<Event> fact;                  // exit, error, restore, checkpoint (saved or failed), done
  std::vector<std::string> remarks;           // fields that were there and made no sense
};

// highest_step: recorded so far, for facts that carry it. Never fails: what makes no sense counts as not
// said, and where it would have meant something it is a remark.
Report read_report(const std::string& node, const wire::SpoolEntry& entry, int64_t highest_step);

}  // namespace longhaul::daemon
