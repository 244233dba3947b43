#include "daemon/runtime/recorder/reports.h"

#include <array>
#include <limits>

namespace longhaul::daemon {
namespace {

// Measurements of a step that are kept for good, under these names.
constexpr std::array kMetrics = {"loss",       "grad_norm",  "learning_rate",    "tokens_per_second",
                                 "step_ms",    "compute_ms", "communication_ms", "data_ms",
                                 "model_flops"};

double nonfinite(const std::string& word) {
  if (word == "inf") return std::numeric_limits<double>::infinity();
  if (word == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

// A number, or null beside "<name>_nonfinite": the word for what it was.
std::optional<double> measured(const json::object& o, const std::string& name) {
  const json::value* v = o.if_contains(name);
  if (v == nullptr) return std::nullopt;
  if (v->is_number()) return v->to_number<double>();
  const std::string word = json::string_or(o, name + "_nonfinite", "");
  if (v->is_null() && !word.empty()) return nonfinite(word);
  return std::nullopt;
}

std::optional<telemetry::StepRecord> read_step(const json::object& o, int64_t at_ms) {
  const int64_t step = json::int_or(o, "step", -1);
  const std::string phase = json::string_or(o, "phase", "train");
  if (step < 1 || phase != "train") return std::nullopt;
  telemetry::StepRecord record{
      .step = step, .wall_ms = at_ms, .tokens = json::int_or(o, "tokens", 0), .values = {}};
  for (const char* name : kMetrics) {
    if (const auto value = measured(o, name)) record.values.emplace_back(name, *value);
  }
  return record;
}

Event exit_fact(const std::string& node, const wire::ExitReport& e, const Generation& generation,
                int64_t highest_step) {
  return RankExited{generation, e.rank, node, e.exit_code, e.signal, e.asked, highest_step, e.last_stderr};
}

std::optional<Event> restore_fact(const json::object& o, const Generation& generation, int64_t highest_step) {
  const int64_t step = json::int_or(o, "restored_step", -1);
  if (step < 0) return std::nullopt;
  RanksRestored e{generation, step, highest_step, json::string_or(o, "path", ""), {}, {}};
  if (const json::value* rejected = o.if_contains("rejected"); rejected != nullptr && rejected->is_array()) {
    for (const json::value& entry : rejected->get_array()) {
      if (!entry.is_object()) continue;
      e.rejected.push_back(json::string_or(entry.get_object(), "path", ""));
      e.reasons.push_back(json::string_or(entry.get_object(), "reason", ""));
    }
  }
  return e;
}

std::optional<Event> fact_of(const json::object& o, const Report& r, int64_t highest_step) {
  if (const json::value* saved = o.if_contains("checkpoint"); saved != nullptr && saved->is_object()) {
    const json::object& c = saved->get_object();
    return CheckpointSaved{r.generation,
                           json::int_or(c, "step", 0),
                           json::string_or(c, "path", ""),
                           json::int_or(c, "size_bytes", 0),
                           json::int_or(c, "duration_ms", 0),
                           json::int_or(c, "stall_ms", 0)};
  }
  if (const json::value* error = o.if_contains("error"); error != nullptr && error->is_object()) {
    return RankFailed{r.generation, r.rank, json::string_or(error->get_object(), "kind", "unknown"),
                      json::string_or(error->get_object(), "message", "")};
  }
  if (r.phase == "restore") return restore_fact(o, r.generation, highest_step);
  if (r.phase == "done") {
    return RankDone{r.generation, r.rank, json::int_or(o, "step", 0), json::string_or(o, "state_digest", "")};
  }
  return std::nullopt;
}

}  // namespace

Report read_report(const std::string& node, const wire::SpoolEntry& entry, int64_t highest_step) {
  Report r;
  const json::object& o = entry.report;
  if (const json::value* exit = o.if_contains("exit"); exit != nullptr && exit->is_object()) {
    const auto parsed = wire::parse_exit_report(exit->get_object());
    if (!parsed) {
      r.remarks.push_back("exit entry: " + parsed.error().message);
      return r;
    }
    r.generation = parse_generation(parsed->generation).value_or(Generation{});
    r.rank = parsed->rank;
    r.fact = exit_fact(node, *parsed, r.generation, highest_step);
    return r;
  }
  r.generation = parse_generation(json::string_or(o, "generation", "")).value_or(Generation{});
  r.rank = static_cast<int>(json::int_or(o, "rank", -1));
  if (r.generation.is_none()) r.remarks.push_back("no generation: " + json::to_text(o).substr(0, 200));
  r.phase = json::string_or(o, "phase", "");
  r.fact = fact_of(o, r, highest_step);
  r.step = read_step(o, entry.at_ms);
  return r;
}

}  // namespace longhaul::daemon
