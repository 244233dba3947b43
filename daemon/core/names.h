// States as the words that JSON, the journal and people see. Pure.
#pragma once

#include <string_view>

#include "daemon/core/run_state.h"

namespace longhaul::daemon {

std::string_view to_text(RunStatus status);   // "training"
std::string_view to_text(NodeStatus status);  // "healthy"
std::string_view to_text(RankStatus status);  // "running"
std::string_view to_text(Goal goal);          // "run"
bool from_text(std::string_view text, RunStatus* out);
bool from_text(std::string_view text, NodeStatus* out);
bool from_text(std::string_view text, RankStatus* out);
bool from_text(std::string_view text, Goal* out);

}  // namespace longhaul::daemon
