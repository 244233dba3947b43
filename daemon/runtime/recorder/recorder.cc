#include "daemon/runtime/recorder/recorder.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/core/log.h"
#include "telemetry/publish/publisher.h"

namespace longhaul::daemon {
namespace {

constexpr auto kRetry = std::chrono::seconds(1);  // while the disk is full or failing

bool may_work_later(ErrorCode code) {
  return code == ErrorCode::kIo || code == ErrorCode::kNoSpace || code == ErrorCode::kUnavailable;
}

DigestMismatch event_of(const telemetry::Mismatch& m) {
  return {m.id, m.step, fmt::format("{} was {}, now {}", m.metric, m.recorded, m.reported)};
}

std::optional<double> value_of(const telemetry::StepRecord& r, std::string_view name) {
  for (const auto& [key, value] : r.values) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// A trainer that counts tokens has some after any step.
std::optional<int64_t> tokens_of(const telemetry::StepRecord& r) {
  return r.tokens > 0 ? std::optional(r.tokens) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::start(const std::string& path, const Clock& clock,
                                                  telemetry::Metrics& metrics, Callbacks callbacks) {
  LH_ASSIGN(auto history, telemetry::History::open(path));
  std::unique_ptr<Recorder> r(new Recorder(std::move(history), clock, metrics, std::move(callbacks)));
  LH_ASSIGN(r->segment_, r->history_->begin_segment(0, std::nullopt, 1, "the run begins"));
  LH_ASSIGN(r->last_step_, r->history_->last_step());
  LH_ASSIGN(r->outbox_, r->history_->outbox());
  LH_ASSIGN(const auto mismatch, r->history_->mismatch());
  if (mismatch) r->last_mismatch_ = event_of(*mismatch);
  return r;
}

Recorder::Recorder(std::unique_ptr<telemetry::History> history, const Clock& clock,
                   telemetry::Metrics& metrics, Callbacks callbacks)
    : history_(std::move(history)),
      clock_(clock),
      metrics_(metrics),
      callbacks_(std::move(callbacks)),
      worker_("history") {}

Recorder::~Recorder() {
  const std::lock_guard lock(mutex_);
  leaving_ = true;
  leave_.notify_all();
}

int64_t Recorder::mark(const std::string& node) {
  const auto mark = history_->mark(node);
  if (!mark) log_error("history: " + mark.error().message);
  return mark.value_or(0);
}

void Recorder::post(Measurements m) {
  const std::lock_guard lock(mutex_);
  pending_.push_back(std::move(m));
  if (!std::exchange(scheduled_, true)) worker_.post([this] { write(); });
}

void Recorder::write() {
  std::vector<Measurements> batch;
  {
    const std::lock_guard lock(mutex_);
    batch = std::exchange(pending_, {});
    scheduled_ = false;
  }
  while (!write_batch(batch)) {
  }
}

// In place, so that what was posted later, a digest above all, waits too.
bool Recorder::wait_to_retry(const std::string& trouble) {
  if (!std::exchange(trouble_, true)) log_error("history waits: " + trouble);
  std::unique_lock lock(mutex_);
  return !leave_.wait_for(lock, kRetry, [this] { return leaving_; });
}

void Recorder::written() {
  if (std::exchange(trouble_, false)) log_info("the history can be written again");
}

bool Recorder::write_batch(const std::vector<Measurements>& batch) {
  telemetry::HistoryBatch h;
  for (const Measurements& m : batch) {
    for (const auto& step : m.steps)
      h.steps.push_back({segment_, step, telemetry::publish::step_live_body(step)});
    h.marks.push_back({m.node, m.seq});
  }
  const auto began = std::chrono::steady_clock::now();
  const auto result = history_->record_batch(h);
  // Nothing is acknowledged, so nothing is lost by giving up.
  if (!result) return !wait_to_retry(result.error().message);
  written();
  metrics_.commit(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  for (size_t i = 0; i < result->outcomes.size(); ++i) {
    if (result->outcomes[i].outcome == telemetry::Outcome::kNew) observe(h.steps[i].record);
  }
  for (const auto& mismatch : result->mismatches) callbacks_.mismatch(event_of(mismatch));
  if (!result->deltas.empty()) callbacks_.deltas(result->deltas);
  for (const Measurements& m : batch) callbacks_.committed(m.node, m.seq);
  return true;
}

void Recorder::observe(const telemetry::StepRecord& r) {
  if (r.step <= last_step_) return;
  const auto step_ms = value_of(r, "step_ms");
  const auto flops = value_of(r, "model_flops");
  telemetry::StepMetrics m{.step = r.step,
                           .wall_s = static_cast<double>(r.wall_ms) / 1000,
                           .tokens = tokens_of(r),
                           .loss = value_of(r, "loss"),
                           .grad_norm = value_of(r, "grad_norm"),
                           .learning_rate = value_of(r, "learning_rate")};
  if (step_ms) m.duration_s = *step_ms / 1000;
  if (step_ms && flops && *step_ms > 0) m.flops_per_second = *flops / (*step_ms / 1000);
  metrics_.step(m);
  metrics_.ingest_lag(std::max(0.0, static_cast<double>(clock_.wall_ms() - r.wall_ms) / 1000));
  last_step_ = r.step;
  callbacks_.newest(r);
}

void Recorder::post(const Announce& a, int64_t at_ms, const std::string& source, int64_t position) {
  const telemetry::HistoryEvent event{.id = 0,
                                      .wall_ms = at_ms,
                                      .step = a.step.value_or(0),
                                      .to_step = a.to_step,
                                      .kind = a.kind,
                                      .severity = a.severity,
                                      .title = a.title,
                                      .detail = a.detail,
                                      .lost_steps = a.lost_steps,
                                      .cost_s = a.cost_s,
                                      .node = a.node.empty() ? std::nullopt : std::optional(a.node)};
  worker_.post([this, event, mark = telemetry::HistoryBatch::Mark{source, position}] {
    while (!write_event(event, mark)) {
    }
  });
}

bool Recorder::write_event(const telemetry::HistoryEvent& e, const telemetry::HistoryBatch::Mark& position) {
  const auto stored = history_->add_event(e, telemetry::publish::event_live_body, position);
  if (!stored) {
    if (may_work_later(stored.error().code) && wait_to_retry(stored.error().message)) return false;
    log_error("event '" + e.title + "' was not recorded: " + stored.error().message);
    return true;
  }
  written();
  if (stored->delta) callbacks_.deltas({*stored->delta});
  return true;
}

void Recorder::digest(int64_t step, std::function<void(std::string)> done) {
  worker_.post([this, step, done = std::move(done)] {
    auto digest = history_->loss_digest(step);
    if (!digest) log_warning("loss digest: " + digest.error().message);
    done(digest.value_or(""));
  });
}

}  // namespace longhaul::daemon
