// The run in words, for terminals. Pure.
#pragma once

#include <string>

#include "base/json/json.h"

namespace longhaul::daemon {

std::string progress_line(const json::object& run);                           // one line
std::string status_text(const json::object& run, const json::object& nodes);  // a screen
std::string nodes_text(const json::object& nodes);
std::string event_line(const json::object& event);
std::string summary_line(const json::object& result);  // "steps=… restarts=… lost_steps=… loss_digest=… …"

}  // namespace longhaul::daemon
