// State, events and decisions as JSON, for the journal and for people. Round-trips exactly.
// Thread-safe (no state).
#pragma once

#include "base/core/result.h"
#include "base/json/json.h"
#include "daemon/core/decide.h"

namespace longhaul::daemon {

json::object to_json(const RunState& state);
Result<RunState> parse_run_state(const json::object& o);

json::object to_json(const Event& event);                                    // {"event":"rank_exited", …}
Result<std::optional<Announce>> parse_announce(const json::object& action);  // nothing: another action
Result<Event> parse_event(const json::object& o);
std::string_view name_of(const Event& event);

json::object to_json(const Action& action);  // {"action":"launch_ranks", …}

}  // namespace longhaul::daemon
