#include "daemon/api/run_view.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "daemon/core/names.h"
#include "daemon/core/time_use.h"
#include "telemetry/publish/text.h"

namespace longhaul::daemon {
namespace {

using telemetry::publish::rfc3339;

// A number that is not finite has no JSON: null, and its name beside it.
void add_metric(json::object* o, const std::optional<telemetry::StepRecord>& step, const std::string& name) {
  (*o)[name] = nullptr;
  if (!step) return;
  for (const auto& [key, value] : step->values) {
    if (key != name) continue;
    (*o)[name] = json::number_or_null(value);
    if (!std::isfinite(value)) (*o)[name + "_nonfinite"] = telemetry::publish::nonfinite_name(value);
    return;
  }
}

json::value time_or_null(int64_t wall_ms) {
  return wall_ms > 0 ? json::value(rfc3339(wall_ms)) : json::value(nullptr);
}

json::value yes_no_or_null(const std::optional<bool>& known) {
  return known ? json::value(*known) : json::value(nullptr);
}

double seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

// What comes before the start, or after the end of a completed run, says nothing about the run.
int64_t seen_until_ms(const RunState& s, int64_t now_ms) {
  const bool over = s.started_ms == 0 || s.status == RunStatus::kCompleted;
  return over ? s.accounted_ms : std::max(now_ms, s.accounted_ms);
}

json::object time_use(const RunState& s, int64_t now_ms) {
  const TimeUse t = time_use_at(s, seen_until_ms(s, now_ms));
  return {{"productive_s", seconds(t.productive_ms)},
          {"rerun_s", seconds(t.rerun_ms)},
          {"restarting_s", seconds(t.restarting_ms)},
          {"checkpoint_s", seconds(t.checkpoint_ms)},
          {"paused_s", seconds(t.paused_ms)},
          {"waiting_s", seconds(t.waiting_ms)},
          {"total_s", seconds(seen_until_ms(s, now_ms) - s.started_ms)}};
}

int64_t total_ms(const RunState& s, int64_t now_ms) {
  const bool completed = s.status == RunStatus::kCompleted;
  return (completed ? s.status_since_ms : std::max(now_ms, s.accounted_ms)) - s.started_ms;
}

}  // namespace

DaemonRunView::DaemonRunView(const config::RunConfig& config, const Clock& clock, int64_t parameters,
                             std::function<std::optional<NodeRow>(const std::string&)> node_row)
    : config_(config),
      clock_(clock),
      parameters_(parameters),
      node_row_(std::move(node_row)),
      state_(std::make_shared<const RunState>()) {}

void DaemonRunView::set_step(const telemetry::StepRecord& step) {
  if (!step_ || step.step >= step_->step) step_ = step;
  set_last_step_ms(step.wall_ms);
}

int64_t DaemonRunView::step() const { return std::max(state_->step, step_ ? step_->step : 0); }

json::object DaemonRunView::run() {
  const RunState& s = *state_;
  const int64_t now_ms = clock_.wall_ms();
  json::object o;
  o["run"] = config_.run.name;
  o["title"] = config_.run.title.empty() ? config_.run.name : config_.run.title;
  o["description"] =
      config_.run.description.empty() ? json::value(nullptr) : json::value(config_.run.description);
  o["state"] = std::string(to_text(s.status));
  o["state_since"] = time_or_null(s.status_since_ms);
  if (!s.halt_reason.empty()) o["halt_reason"] = s.halt_reason;
  add_position(&o);
  add_progress(&o, now_ms);
  add_nodes(&o);
  o["last_checkpoint"] = last_checkpoint();
  o["started_at"] = time_or_null(s.started_ms);
  o["last_step_at"] = time_or_null(last_step_ms_);
  o["loss_digest"] = loss_digest_.empty() ? json::value(nullptr) : json::value(loss_digest_);
  o["state_digest"] = s.state_digest.empty() ? json::value(nullptr) : json::value(s.state_digest);
  o["time_use"] = time_use(s, now_ms);
  return o;
}

void DaemonRunView::add_position(json::object* o) const {
  const int64_t tokens_a_step = config_.batch.global * config_.model.sequence_length;
  (*o)["step"] = step();
  (*o)["target_steps"] = config_.run.target_steps;
  (*o)["tokens"] = step() * tokens_a_step;
  (*o)["target_tokens"] = config_.run.target_steps * tokens_a_step;
  for (const char* name : {"loss", "learning_rate", "grad_norm", "tokens_per_second", "step_ms"})
    add_metric(o, step_, name);
  (*o)["model_flops_utilization"] = nullptr;  // needs the peak of the hardware, which nobody has told
  (*o)["parameters"] = parameters_;
  (*o)["sequence_length"] = config_.model.sequence_length;
  (*o)["global_batch"] = config_.batch.global;
  (*o)["ranks"] = config_.parallel.ranks();
  double weights = 0;
  for (const auto& corpus : config_.data.corpora) weights += corpus.weight;
  json::array languages;
  for (const auto& corpus : config_.data.corpora) {
    const std::string name =
        corpus.name.empty() ? std::filesystem::path(corpus.path).filename().string() : corpus.name;
    languages.push_back(json::object{{"name", name}, {"weight", corpus.weight / weights}});
  }
  (*o)["languages"] = std::move(languages);
}

void DaemonRunView::add_progress(json::object* o, int64_t now_ms) const {
  const RunState& s = *state_;
  (*o)["generation"] = s.generation.is_none() ? json::value(nullptr) : json::value(s.generation.text());
  (*o)["term"] = s.term;
  (*o)["branch"] = s.branch;
  (*o)["restarts"] = s.restarts();
  (*o)["daemon_restarts"] = s.daemon_restarts;
  (*o)["lost_steps"] = s.lost_steps;
  (*o)["rolled_back_steps"] = s.rolled_back_steps;
  (*o)["protected"] = s.last_checkpoint.has_value();
  (*o)["unprotected_steps"] = step() - (s.last_checkpoint ? s.last_checkpoint->step : 0);

  (*o)["goodput"] = json::or_null(goodput(now_ms));

  // Time to go: at the speed of the whole run with everything that went wrong (the estimate), at the speed
  // of undisturbed steps (the early end), and as far beyond the estimate as that is before it.
  const int64_t left = config_.run.target_steps - step();
  for (const char* name : {"eta_s", "eta_at", "eta_low_at", "eta_high_at"}) (*o)[name] = nullptr;
  const bool over = s.status == RunStatus::kCompleted || s.status == RunStatus::kHalted;
  if (!goodput(now_ms) || left < 0 || over) return;
  const TimeUse t = time_use_at(s, now_ms);
  const double a_step_ms =
      static_cast<double>(total_ms(s, now_ms) - t.paused_ms - t.waiting_ms) / static_cast<double>(step());
  const double quick_ms = static_cast<double>(t.productive_ms) / static_cast<double>(step());
  const double eta_ms = a_step_ms * static_cast<double>(left);
  const double low_ms = std::min(eta_ms, quick_ms * static_cast<double>(left));
  constexpr double kYear10000Ms = 253'402'300'800'000;  // RFC 3339 has four digits
  if (static_cast<double>(now_ms) + 2 * eta_ms >= kYear10000Ms) return;
  (*o)["eta_s"] = std::round(eta_ms / 1000);
  (*o)["eta_at"] = rfc3339(now_ms + static_cast<int64_t>(eta_ms));
  (*o)["eta_low_at"] = rfc3339(now_ms + static_cast<int64_t>(low_ms));
  (*o)["eta_high_at"] = rfc3339(now_ms + static_cast<int64_t>(2 * eta_ms - low_ms));
}

std::optional<double> DaemonRunView::goodput(int64_t now_ms) const {
  const int64_t total = total_ms(*state_, now_ms);
  const int64_t productive = time_use_at(*state_, now_ms).productive_ms;
  if (total <= 0 || step() <= 0 || productive <= 0) return std::nullopt;
  return static_cast<double>(productive) / static_cast<double>(total);
}

void DaemonRunView::add_nodes(json::object* o) const {
  std::map<std::string, int64_t> counts;
  for (const auto& [name, node] : state_->nodes) ++counts[std::string(to_text(node.status))];
  json::object nodes;
  for (const char* status : {"healthy", "suspect", "spare", "draining", "down", "excluded", "unknown"})
    nodes[status] = counts[status];
  (*o)["nodes"] = std::move(nodes);
}

json::value DaemonRunView::last_checkpoint() const {
  if (!state_->last_checkpoint) return nullptr;
  const CheckpointNote& c = *state_->last_checkpoint;
  json::value verified = nullptr;
  for (const CheckpointRow& row : checkpoints_) {
    if (row.step == c.step && row.generation == c.generation.text()) verified = yes_no_or_null(row.verified);
  }
  return json::object{{"step", c.step},
                      {"saved_at", time_or_null(c.saved_at_ms)},
                      {"size_bytes", c.size_bytes},
                      {"verified", std::move(verified)},
                      {"sane", nullptr}};
}

json::array DaemonRunView::checkpoints() {
  json::array rows;
  for (const CheckpointRow& c : checkpoints_) {
    rows.push_back(json::object{{"step", c.step},
                                {"branch", c.branch},
                                {"generation", c.generation},
                                {"saved_at", time_or_null(c.saved_at_ms)},
                                {"size_bytes", c.size_bytes},
                                {"verified", yes_no_or_null(c.verified)},
                                {"sane", nullptr},
                                {"pinned", false},
                                {"where", json::array{"store"}}});
  }
  return rows;
}

json::array DaemonRunView::nodes() {
  std::map<std::string_view, json::array> ranks;
  for (const RankState& r : state_->ranks) ranks[r.node].push_back(r.rank);
  json::array rows;
  for (const auto& [name, node] : state_->nodes) {
    const auto row = node_row_(name);
    rows.push_back(
        json::object{{"name", name},
                     {"state", std::string(to_text(node.status))},
                     {"ranks", std::move(ranks[name])},
                     {"connected", row.has_value()},
                     {"last_heard_ms", row ? json::value(row->last_heard_ms_ago) : json::value(nullptr)},
                     {"restarts", std::max<int64_t>(0, node.lives - 1)}});
  }
  return rows;
}

json::array DaemonRunView::nodes_with_pids() {
  json::array rows = nodes();
  for (json::value& entry : rows) {
    json::object& o = entry.as_object();
    const auto row = node_row_(std::string(o["name"].as_string()));
    o["agent_pid"] = row ? json::value(row->agent_pid) : json::value(nullptr);
    json::array ranks;
    for (const NodeRow::Rank& r : row ? row->ranks : std::vector<NodeRow::Rank>{}) {
      ranks.push_back(json::object{{"rank", r.rank}, {"pid", r.pid}, {"state", r.state}, {"step", r.step}});
    }
    o["ranks"] = std::move(ranks);
  }
  return rows;
}

}  // namespace longhaul::daemon
