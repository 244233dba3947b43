#include "daemon/cli/format.h"

#include <fmt/format.h>

namespace longhaul::daemon {
namespace {

std::string number(const json::object& o, const char* name, const char* form) {
  const auto value = json::get_double(o, name);
  return value ? fmt::format(fmt::runtime(form), *value) : "–";
}

std::string whole(const json::object& o, const char* name) {
  const auto value = json::get_int(o, name);
  return value ? std::to_string(*value) : "–";
}

std::string duration(const json::object& o, const char* name) {
  const auto seconds = json::get_double(o, name);
  if (!seconds) return "–";
  const auto s = static_cast<int64_t>(*seconds);
  if (s < 120) return fmt::format("{} s", s);
  if (s < 7200) return fmt::format("{} min", s / 60);
  if (s < 172'800) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} days {} h", s / 86'400, s % 86'400 / 3600);
}

}  // namespace

std::string progress_line(const json::object& run) {
  return fmt::format("{:<13} step {}/{}  loss {}  {} tokens/s  restarts {}  lost steps {}  to go {}",
                     json::string_or(run, "state", "?"), whole(run, "step"), whole(run, "target_steps"),
                     number(run, "loss", "{:.4f}"), number(run, "tokens_per_second", "{:.0f}"),
                     whole(run, "restarts"), whole(run, "lost_steps"), duration(run, "eta_s"));
}

std::string status_text(const json::object& run, const json::object& nodes) {
  std::string text =
      fmt::format("{}: {}, step {} of {}\n", json::string_or(run, "run", "?"),
                  json::string_or(run, "state", "?"), whole(run, "step"), whole(run, "target_steps"));
  if (const std::string halted = json::string_or(run, "halt_reason", ""); !halted.empty())
    text += "  halted because: " + halted + "\n";
  text += fmt::format("  loss {}   gradient norm {}   learning rate {}\n", number(run, "loss", "{:.4f}"),
                      number(run, "grad_norm", "{:.3f}"), number(run, "learning_rate", "{:.3g}"));
  text += fmt::format("  {} tokens/s   {} ms a step   goodput {}   to go {}\n",
                      number(run, "tokens_per_second", "{:.0f}"), number(run, "step_ms", "{:.0f}"),
                      number(run, "goodput", "{:.3f}"), duration(run, "eta_s"));
  text += fmt::format("  generation {}   restarts {}   daemon restarts {}   lost steps {}\n",
                      json::string_or(run, "generation", "–"), whole(run, "restarts"),
                      whole(run, "daemon_restarts"), whole(run, "lost_steps"));
  if (const auto saved = json::get_object(run, "last_checkpoint")) {
    text += fmt::format("  last checkpoint: step {}, {}\n", whole(*saved, "step"),
                        json::string_or(*saved, "saved_at", "–"));
  } else {
    text += "  no checkpoint yet\n";
  }
  return text + nodes_text(nodes);
}

std::string nodes_text(const json::object& nodes) {
  std::string text;
  const auto list = json::get_array(nodes, "nodes");
  for (const json::value& entry : list ? *list : json::array{}) {
    if (!entry.is_object()) continue;
    const json::object& node = entry.get_object();
    text += fmt::format("  {:<10} {:<9}", json::string_or(node, "name", "?"),
                        json::string_or(node, "state", "?"));
    const auto ranks = json::get_array(node, "ranks");
    for (const json::value& r : ranks ? *ranks : json::array{}) {
      if (!r.is_object()) continue;
      text += fmt::format("  rank {} ({}, step {})", whole(r.get_object(), "rank"),
                          json::string_or(r.get_object(), "state", "?"), whole(r.get_object(), "step"));
    }
    text += "\n";
  }
  return text;
}

std::string event_line(const json::object& event) {
  std::string text =
      fmt::format("{}  step {:>6}  {:<9}  {}", json::string_or(event, "at", "?"), whole(event, "step"),
                  json::string_or(event, "severity", ""), json::string_or(event, "title", ""));
  const std::string detail = json::string_or(event, "detail", "");
  if (!detail.empty()) text += " " + detail;
  return text;
}

std::string summary_line(const json::object& result) {
  return fmt::format("steps={} restarts={} lost_steps={} loss_digest={} state_digest={} daemon_restarts={}",
                     json::int_or(result, "steps", 0), json::int_or(result, "restarts", 0),
                     json::int_or(result, "lost_steps", 0), json::string_or(result, "loss_digest", ""),
                     json::string_or(result, "state_digest", ""), json::int_or(result, "daemon_restarts", 0));
}

}  // namespace longhaul::daemon
