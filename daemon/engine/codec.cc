#include "daemon/engine/codec.h"

#include <array>

#include "base/json/fields.h"
#include "daemon/core/fields.h"

namespace longhaul::daemon {
namespace {

// In the order of the variants; the static_asserts below keep them in step.
constexpr std::array kEventNames = {
    "daemon_started",   "agent_connected",   "agent_disconnected", "agent_died",       "node_silent",
    "rank_exited",      "rank_failed",       "ranks_restored",     "first_step",       "caught_up",
    "checkpoint_saved", "checkpoint_failed", "rank_done",          "progress_stalled", "digest_mismatch",
    "restore_found",    "restore_failed",    "launch_failed",      "operator_command", "deadline_passed"};
static_assert(kEventNames.size() == std::variant_size_v<Event>);
static_assert(std::is_same_v<std::variant_alternative_t<5, Event>, RankExited>);
static_assert(std::is_same_v<std::variant_alternative_t<11, Event>, CheckpointFailed>);
static_assert(std::is_same_v<std::variant_alternative_t<13, Event>, ProgressStalled>);
static_assert(std::is_same_v<std::variant_alternative_t<19, Event>, DeadlinePassed>);

constexpr std::array kActionNames = {"start_agent",     "fence_node",          "ask_again",
                                     "find_restore",    "launch_ranks",        "stop_all_ranks",
                                     "tell_all_ranks",  "distrust_checkpoint", "apply_retention",
                                     "shutdown_agents", "exit_daemon",         "announce"};
static_assert(kActionNames.size() == std::variant_size_v<Action>);
static_assert(std::is_same_v<std::variant_alternative_t<4, Action>, LaunchRanks>);
static_assert(std::is_same_v<std::variant_alternative_t<11, Action>, Announce>);

template <class Variant, size_t index = 0>
Result<Variant> read_alternative(size_t wanted, const json::object& o) {
  if constexpr (index < std::variant_size_v<Variant>) {
    if (wanted != index) return read_alternative<Variant, index + 1>(wanted, o);
    LH_ASSIGN(auto alternative, (json::read_fields<std::variant_alternative_t<index, Variant>>(o)));
    return Variant(std::move(alternative));
  } else {
    return invalid("no such alternative");
  }
}

template <class Variant, class Names>
json::object write_variant(const char* key, const Names& names, const Variant& v) {
  json::object o;
  o[key] = names[v.index()];
  json::object rest = std::visit([](const auto& alternative) { return json::write_fields(alternative); }, v);
  for (auto& field : rest) o[field.key()] = std::move(field.value());
  return o;
}

}  // namespace

json::object to_json(const RunState& state) { return json::write_fields(state); }
// What the version before did not know yet has its default.
Result<RunState> parse_run_state(const json::object& o) {
  return json::read_fields<RunState>(o, json::Missing::kDefault);
}

json::object to_json(const Event& event) { return write_variant("event", kEventNames, event); }
json::object to_json(const Action& action) { return write_variant("action", kActionNames, action); }
std::string_view name_of(const Event& event) { return kEventNames[event.index()]; }

Result<std::optional<Announce>> parse_announce(const json::object& action) {
  if (json::string_or(action, "action", "") != "announce") return std::optional<Announce>();
  LH_ASSIGN(auto announce, json::read_fields<Announce>(action));
  return std::optional<Announce>(std::move(announce));
}

Result<Event> parse_event(const json::object& o) {
  LH_ASSIGN(const std::string name, json::get_string(o, "event"));
  for (size_t i = 0; i < kEventNames.size(); ++i) {
    if (name == kEventNames[i]) return read_alternative<Event>(i, o);
  }
  return invalid("field 'event' is '" + name + "'; it is no event of this version");
}

}  // namespace longhaul::daemon
