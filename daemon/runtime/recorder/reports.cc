#include "daemon/runtime/recorder/reports.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/core/text.h"

namespace longhaul::daemon {
namespace {

// Measurements of a step that are kept for good, under these names.
constexpr std::array kMetrics = {"loss",       "grad_norm",  "learning_rate",    "tokens_per_second",
                                 "step_ms",    "compute_ms", "communication_ms", "data_ms",
                                 "model_flops"};

constexpr int64_t kMaxStep = int64_t{1} << 50;  // as config's target_steps: above it arithmetic overflows

// A whole number from `least` to `most`; else `otherwise`, with a remark when something was there.
int64_t whole(const json::object& o, const char* name, int64_t least, int64_t most, int64_t otherwise,
              Report* r) {
  const json::value* v = o.if_contains(name);
  if (v == nullptr || v->is_null()) return otherwise;
  if (v->is_int64() && v->get_int64() >= least && v->get_int64() <= most) return v->get_int64();
  r->remarks.push_back(std::string("field '") + name + "' makes no sense: " + shorten(json::to_text(*v)));
  return otherwise;
}

// A duration: a trainer may tell fractions. Rounded up, so that what took time never took none.
int64_t milliseconds(const json::object& o, const char* name, Report* r) {
  const json::value* v = o.if_contains(name);
  constexpr double kMost = 9e15;  // below it a double counts every whole number
  if (v == nullptr || !v->is_double() || !(v->get_double() >= 0 && v->get_double() <= kMost))
    return whole(o, name, 0, std::numeric_limits<int64_t>::max(), 0, r);
  return static_cast<int64_t>(std::ceil(v->get_double()));
}

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

std::optional<telemetry::StepRecord> read_step(const json::object& o, int64_t at_ms, Report* r) {
  if (json::string_or(o, "phase", "train") != "train") return std::nullopt;
  const int64_t step = whole(o, "step", 0, kMaxStep, 0, r);
  if (step < 1) return std::nullopt;
  telemetry::StepRecord record{.step = step,
                               .wall_ms = at_ms,
                               .tokens = whole(o, "tokens", 0, std::numeric_limits<int64_t>::max(), 0, r),
                               .values = {}};
  for (const char* name : kMetrics) {
    if (const auto value = measured(o, name)) record.values.emplace_back(name, *value);
  }
  return record;
}

Event exit_fact(const std::string& node, const wire::ExitReport& e, const Generation& generation,
                int64_t highest_step) {
  return RankExited{generation, e.rank, node, e.exit_code, e.signal, e.asked, highest_step, e.last_stderr};
}

std::optional<Event> restore_fact(const json::object& o, Report* r, int64_t highest_step) {
  const int64_t step = whole(o, "restored_step", 0, kMaxStep, -1, r);
  if (step < 0) return std::nullopt;
  RanksRestored e{r->generation, step, highest_step, json::string_or(o, "path", ""), {}, {}, {}};
  if (const json::value* rejected = o.if_contains("rejected"); rejected != nullptr && rejected->is_array()) {
    for (const json::value& entry : rejected->get_array()) {
      if (!entry.is_object()) continue;
      e.rejected.push_back(json::string_or(entry.get_object(), "path", ""));
      e.reasons.push_back(json::string_or(entry.get_object(), "reason", ""));
      const json::value* damaged = entry.get_object().if_contains("damaged");
      if (damaged != nullptr && damaged->is_bool() && !damaged->get_bool())
        e.unreadable.push_back(e.rejected.back());
    }
  }
  return e;
}

std::optional<Event> checkpoint_fact(const json::object& c, Report* r) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  CheckpointSaved e{.generation = r->generation,
                    .step = whole(c, "step", 0, kMaxStep, -1, r),
                    .path = json::string_or(c, "path", ""),
                    .size_bytes = whole(c, "size_bytes", 0, kMost, 0, r),
                    .duration_ms = milliseconds(c, "duration_ms", r),
                    .stall_ms = milliseconds(c, "stall_ms", r)};
  if (e.step >= 0 && !e.path.empty()) return e;
  r->remarks.push_back("a checkpoint needs a step and a path: " + shorten(json::to_text(c), 200));
  return std::nullopt;
}

std::optional<Event> failed_checkpoint_fact(const json::object& c, Report* r) {
  const int64_t step = whole(c, "step", 0, kMaxStep, -1, r);
  if (step >= 0) return CheckpointFailed{r->generation, step, json::string_or(c, "message", "unknown")};
  r->remarks.push_back("a failed checkpoint needs a step: " + shorten(json::to_text(c), 200));
  return std::nullopt;
}

std::optional<Event> fact_of(const json::object& o, Report* r, int64_t highest_step) {
  if (const json::value* saved = o.if_contains("checkpoint"); saved != nullptr && saved->is_object())
    return checkpoint_fact(saved->get_object(), r);
  if (const json::value* lost = o.if_contains("checkpoint_failed"); lost != nullptr && lost->is_object())
    return failed_checkpoint_fact(lost->get_object(), r);
  if (const json::value* error = o.if_contains("error"); error != nullptr && error->is_object()) {
    return RankFailed{r->generation, r->rank, json::string_or(error->get_object(), "kind", "unknown"),
                      json::string_or(error->get_object(), "message", "")};
  }
  if (r->phase == "restore") return restore_fact(o, r, highest_step);
  if (r->phase == "done") {
    return RankDone{r->generation, r->rank, whole(o, "step", 0, kMaxStep, 0, r),
                    json::string_or(o, "state_digest", "")};
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
  r.rank = static_cast<int>(whole(o, "rank", 0, std::numeric_limits<int>::max(), -1, &r));
  if (r.generation.is_none()) r.remarks.push_back("no generation: " + shorten(json::to_text(o), 200));
  r.phase = json::string_or(o, "phase", "");
  r.fact = fact_of(o, &r, highest_step);
  r.step = read_step(o, entry.at_ms, &r);
  return r;
}

}  // namespace longhaul::daemon
