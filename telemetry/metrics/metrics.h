// What Prometheus is told. Names and units follow its conventions (`promtool check metrics` has no
// complaint); labels are states, reasons, route templates, never steps, addresses or job ids.
// Unknown is absent: a gauge appears with its first value. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace longhaul::telemetry {

// What is not known stays as it was: a foreign trainer may say as little as its step.
struct StepMetrics {
  int64_t step = 0;
  double wall_s = 0.0;            // when it ended, since 1970
  std::optional<int64_t> tokens;  // cumulative
  std::optional<double> loss;
  std::optional<double> grad_norm;
  std::optional<double> learning_rate;
  std::optional<double> duration_s;
  std::optional<double> flops_per_second;  // model FLOPs over all ranks
};

class Metrics {
 public:
  Metrics(std::string_view run, std::string_view version);
  ~Metrics();

  void step(const StepMetrics& step);
  void processed(int64_t tokens);      // of a step, whether it was new or run again
  void state(std::string_view state);  // 1 for this one, 0 for all others
  void target_tokens(int64_t tokens);
  void restart(std::string_view reason);
  void rolled_back(std::string_view reason, int64_t steps);
  void goodput(double ratio);
  void checkpoint(double duration_s, double stall_s, int64_t size_bytes, double wall_s);
  void nodes(std::string_view state, int64_t count);
  void http_request(std::string_view route, int status, double seconds);
  void live_sessions(int64_t open);
  void live_frame_sent();
  void live_resets(int64_t more);
  void commit(double seconds);      // of the history
  void ingest_lag(double seconds);  // step ended → committed

  std::string text() const;  // the exposition format, content type below
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace longhaul::telemetry
