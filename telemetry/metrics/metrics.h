// What Prometheus is told. Names and units follow its conventions (`promtool check metrics` has no
// complaint); labels are states, reasons, route templates, never steps, addresses or job ids.
// Unknown is absent: a gauge appears with its first value. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace longhaul::telemetry {

struct StepMetrics {
  int64_t step = 0;
  int64_t tokens = 0;       // cumulative
  int64_t step_tokens = 0;  // of this step: counts re-run work too
  double loss = 0.0;
  double grad_norm = 0.0;
  double learning_rate = 0.0;
  double duration_s = 0.0;
  double wall_s = 0.0;            // when it ended, since 1970
  double flops_per_second = 0.0;  // model FLOPs over all ranks; 0: unknown
};

class Metrics {
 public:
  Metrics(std::string_view run, std::string_view version);
  ~Metrics();

  void step(const StepMetrics& step);
  void state(std::string_view state);  // 1 for this one, 0 for all others
  void target_tokens(int64_t tokens);
  void restart(std::string_view reason);
  void rolled_back(std::string_view reason, int64_t steps);
  void position(int64_t step, int64_t tokens);  // after a restore: the gauges fall
  void goodput(double ratio);
  void model_flops_utilization(double ratio);
  void checkpoint(double duration_s, double stall_s, int64_t size_bytes, double wall_s);
  void nodes(std::string_view state, int64_t count);
  void http_request(std::string_view route, int status, double seconds);
  void live_sessions(int64_t open);
  void live_frame_sent();
  void live_reset(std::string_view reason);
  void commit(double seconds);      // of the history
  void ingest_lag(double seconds);  // step ended → committed

  std::string text() const;  // the exposition format, content type below
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace longhaul::telemetry
