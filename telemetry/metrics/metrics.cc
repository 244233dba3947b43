#include "telemetry/metrics/metrics.h"

#include <cmath>
#include <initializer_list>
#include <map>
#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace longhaul::telemetry {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const prometheus::Histogram::BucketBoundaries kStepSeconds{0.05, 0.1, 0.25, 0.5, 1,   2.5, 5,
                                                           10,   25,  50,   100, 250, 500};
const prometheus::Histogram::BucketBoundaries kRequestSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                              0.025,  0.1,   0.5,    2.5};
const prometheus::Histogram::BucketBoundaries kCommitSeconds{0.0001, 0.0003, 0.001, 0.003, 0.01,
                                                             0.03,   0.1,    0.3,   1};
const prometheus::Histogram::BucketBoundaries kLagSeconds{0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600};

Family<Gauge>& gauge(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(r);
}
Family<Counter>& counter(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(r);
}
Family<Histogram>& histogram(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(r);
}

void set(Family<Gauge>& family, double value) { family.Add({}).Set(value); }

prometheus::Labels label(const char* name, std::string_view value) { return {{name, std::string(value)}}; }

}  // namespace

struct Metrics::Impl {
  std::string run;
  prometheus::Registry registry;
  std::mutex states_mutex;
  std::map<std::string, Gauge*, std::less<>> states;

  Family<Gauge>& build_info = gauge(registry, "train_build_info", "Version of the supervisor; always 1.");
  Family<Gauge>& run_state =
      gauge(registry, "train_run_state", "1 for the state the run is in, 0 for others.");
  Family<Gauge>& step = gauge(registry, "train_step", "Newest optimizer step.");
  Family<Gauge>& tokens = gauge(registry, "train_tokens", "Tokens trained on up to the newest step.");
  Family<Gauge>& target_tokens = gauge(registry, "train_target_tokens", "Tokens at the end of the run.");
  Family<Counter>& processed = counter(registry, "train_processed_tokens_total",
                                       "Tokens computed on, steps that were run again included.");
  Family<Counter>& rolled_back =
      counter(registry, "train_rolled_back_steps_total", "Steps given up by recoveries and rollbacks.");
  Family<Counter>& restarts =
      counter(registry, "train_restarts_total", "Launches of the ranks after the first one.");
  Family<Gauge>& loss = gauge(registry, "train_loss", "Mean loss over the global batch of the newest step.");
  Family<Gauge>& grad_norm = gauge(registry, "train_grad_norm", "Global gradient norm before clipping.");
  Family<Gauge>& learning_rate = gauge(registry, "train_learning_rate", "Learning rate of the newest step.");
  Family<Counter>& nonfinite =
      counter(registry, "train_nonfinite_steps_total", "Steps whose loss or gradient norm was not finite.");
  Family<Histogram>& step_duration =
      histogram(registry, "train_step_duration_seconds", "Duration of a step.");
  Family<Gauge>& last_step =
      gauge(registry, "train_last_step_timestamp_seconds", "When the newest step ended, since 1970.");
  Family<Gauge>& flops =
      gauge(registry, "train_gpu_flops_per_second", "Floating point operations per second, all ranks.");
  Family<Gauge>& goodput_ratio =
      gauge(registry, "train_goodput_ratio", "Share of the time that went into steps that were kept.");
  Family<Gauge>& checkpoint_duration = gauge(registry, "train_checkpoint_duration_seconds",
                                             "From the snapshot to the commit of the newest checkpoint.");
  Family<Gauge>& checkpoint_stall = gauge(registry, "train_checkpoint_stall_seconds",
                                          "How long training stood still for the newest checkpoint.");
  Family<Gauge>& checkpoint_size =
      gauge(registry, "train_checkpoint_size_bytes", "Size of the newest checkpoint.");
  Family<Gauge>& checkpoint_last = gauge(registry, "train_checkpoint_last_success_timestamp_seconds",
                                         "When the newest checkpoint was committed, since 1970.");
  Family<Gauge>& nodes = gauge(registry, "train_nodes", "Nodes by state.");
  Family<Counter>& http_requests = counter(registry, "http_requests_total", "HTTP requests answered.");
  Family<Histogram>& http_duration = histogram(registry, "http_request_duration_seconds",
                                               "From the request's header to the end of the answer.");
  Family<Gauge>& sessions = gauge(registry, "ws_sessions", "Live viewers connected.");
  Family<Counter>& frames = counter(registry, "ws_frames_sent_total", "Frames written to live viewers.");
  Family<Counter>& resets =
      counter(registry, "ws_resets_total", "Times a live viewer was told to begin again.");
  Family<Histogram>& commits =
      histogram(registry, "sqlite_commit_duration_seconds", "Commits of the history.");
  Family<Histogram>& lag = histogram(registry, "telemetry_ingest_lag_seconds",
                                     "From the end of a step to its commit in the history.");
};

Metrics::Metrics(std::string_view run, std::string_view version) : impl_(std::make_unique<Impl>()) {
  impl_->run = run;
  impl_->build_info.Add(label("version", version)).Set(1);
}
Metrics::~Metrics() = default;

void Metrics::step(const StepMetrics& s) {
  Impl& m = *impl_;
  set(m.step, static_cast<double>(s.step));
  set(m.last_step, s.wall_s);
  if (s.tokens) set(m.tokens, static_cast<double>(*s.tokens));
  if (s.loss) m.loss.Add(label("split", "train")).Set(*s.loss);
  if (s.grad_norm) set(m.grad_norm, *s.grad_norm);
  if (s.learning_rate) set(m.learning_rate, *s.learning_rate);
  if (s.duration_s) m.step_duration.Add({}, kStepSeconds).Observe(*s.duration_s);
  if (s.flops_per_second) m.flops.Add(label("kind", "model")).Set(*s.flops_per_second);
  auto& nonfinite = m.nonfinite.Add({});
  if (!std::isfinite(s.loss.value_or(0)) || !std::isfinite(s.grad_norm.value_or(0))) nonfinite.Increment();
}

void Metrics::processed(int64_t tokens) { impl_->processed.Add({}).Increment(static_cast<double>(tokens)); }

void Metrics::state(std::string_view state) {
  const std::lock_guard lock(impl_->states_mutex);
  if (!impl_->states.contains(state)) {
    impl_->states[std::string(state)] =
        &impl_->run_state.Add({{"run", impl_->run}, {"state", std::string(state)}});
  }
  for (const auto& [name, value] : impl_->states) value->Set(name == state ? 1 : 0);
}

void Metrics::target_tokens(int64_t tokens) { set(impl_->target_tokens, static_cast<double>(tokens)); }
void Metrics::restart(std::string_view reason) { impl_->restarts.Add(label("reason", reason)).Increment(); }
void Metrics::rolled_back(std::string_view reason, int64_t steps) {
  impl_->rolled_back.Add(label("reason", reason)).Increment(static_cast<double>(steps));
}
void Metrics::goodput(double ratio) { set(impl_->goodput_ratio, ratio); }

void Metrics::checkpoint(double duration_s, double stall_s, int64_t size_bytes, double wall_s) {
  set(impl_->checkpoint_duration, duration_s);
  set(impl_->checkpoint_stall, stall_s);
  set(impl_->checkpoint_size, static_cast<double>(size_bytes));
  set(impl_->checkpoint_last, wall_s);
}

void Metrics::nodes(std::string_view state, int64_t count) {
  impl_->nodes.Add(label("state", state)).Set(static_cast<double>(count));
}

void Metrics::http_request(std::string_view route, int status, double seconds) {
  const std::string template_or_other(route.empty() ? "other" : route);
  impl_->http_requests.Add({{"route", template_or_other}, {"code", std::to_string(status)}}).Increment();
  impl_->http_duration.Add(label("route", template_or_other), kRequestSeconds).Observe(seconds);
}

void Metrics::live_sessions(int64_t open) { set(impl_->sessions, static_cast<double>(open)); }
void Metrics::live_frame_sent() { impl_->frames.Add({}).Increment(); }
void Metrics::live_resets(int64_t more) { impl_->resets.Add({}).Increment(static_cast<double>(more)); }
void Metrics::commit(double seconds) { impl_->commits.Add({}, kCommitSeconds).Observe(seconds); }
void Metrics::ingest_lag(double seconds) { impl_->lag.Add({}, kLagSeconds).Observe(seconds); }

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace longhaul::telemetry
