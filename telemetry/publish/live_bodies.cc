// What the live stream says of a step and of an event, before the sequence number is put in.
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "telemetry/publish/publisher.h"
#include "telemetry/publish/text.h"

namespace longhaul::telemetry::publish {
namespace {

constexpr const char* kLiveMetrics[] = {"loss", "grad_norm", "learning_rate", "tokens_per_second", "step_ms"};

}  // namespace

json::object event_json(const HistoryEvent& e) {
  return {{"id", e.id},
          {"at", rfc3339(e.wall_ms)},
          {"step", e.step},
          {"to_step", json::or_null(e.to_step)},
          {"kind", e.kind},
          {"severity", e.severity},
          {"title", e.title},
          {"detail", e.detail},
          {"lost_steps", json::or_null(e.lost_steps)},
          {"cost_s", json::or_null(e.cost_s)},
          {"node", json::or_null(e.node)}};
}

std::string event_live_body(const HistoryEvent& event) {
  return fmt::format(R"({{"type":"event","event":{}}})", json::to_text(event_json(event)));
}

std::string step_live_body(const StepRecord& record) {
  std::string out = fmt::format(R"({{"type":"step","step":{},"at_ms":{},"tokens":{})", record.step,
                                record.wall_ms, record.tokens > 0 ? fmt::to_string(record.tokens) : "null");
  for (const char* wanted : kLiveMetrics) {
    fmt::format_to(std::back_inserter(out), R"(,"{}":)", wanted);
    double value = std::nan("");
    bool found = false;
    for (const auto& [name, v] : record.values) {
      if (name != wanted || found) continue;
      value = v;
      found = true;
    }
    append_number(out, value);
    if (found && !std::isfinite(value)) {
      fmt::format_to(std::back_inserter(out), R"(,"{}_nonfinite":"{}")", wanted, nonfinite_name(value));
    }
  }
  return out + "}";
}

}  // namespace longhaul::telemetry::publish
