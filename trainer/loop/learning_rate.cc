#include "trainer/loop/learning_rate.h"

#include <numbers>

#include "trainer/kernels/determined_math.h"

namespace longhaul::trainer {

double learning_rate_at(const config::Optimizer& optimizer, int64_t samples) {
  const double highest = optimizer.learning_rate;
  const double lowest = optimizer.min_learning_rate;
  if (samples < optimizer.warmup_samples) {
    return highest * static_cast<double>(samples) / static_cast<double>(optimizer.warmup_samples);
  }
  if (samples >= optimizer.decay_samples) return lowest;
  const double done = static_cast<double>(samples - optimizer.warmup_samples) /
                      static_cast<double>(optimizer.decay_samples - optimizer.warmup_samples);
  return lowest + (highest - lowest) * 0.5 * (1.0 + determined_cos(std::numbers::pi * done));
}

}  // namespace longhaul::trainer
