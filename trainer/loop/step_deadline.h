// How long a rank waits for its peers within a step: the rule by which the daemon finds a hang
// (daemon/core/monitor.h), a multiple of the usual step with a floor. The first step of a set of peers, which
// warms caches and meets slow disks, may take as long as a start. Ranks learn from their own steps; as each
// waits for the slowest in every step, they learn nearly the same, and it only ever lengthens the floor.
// Thread-safety: plain values.
#pragma once

#include <algorithm>
#include <cstdint>

namespace longhaul::trainer {

class StepDeadline {
 public:
  StepDeadline(int64_t first_ms, int64_t floor_ms)
      : first_ms_(std::max(first_ms, floor_ms)), floor_ms_(floor_ms) {}

  void observe(double step_ms) {
    usual_ms_ = steps_ == 0 ? step_ms : usual_ms_ + 0.1 * (step_ms - usual_ms_);
    ++steps_;
  }
  int64_t limit_ms() const {
    if (steps_ == 0) return first_ms_;
    return std::max(floor_ms_, static_cast<int64_t>(kFactor * usual_ms_));
  }

 private:
  static constexpr double kFactor = 10;
  int64_t first_ms_;
  int64_t floor_ms_;
  int64_t steps_ = 0;
  double usual_ms_ = 0;  // moving average, as the daemon's
};

}  // namespace longhaul::trainer
