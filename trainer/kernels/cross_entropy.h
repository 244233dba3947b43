// Softmax cross-entropy by rows: loss = log(sum exp(x - max)) + max - x[target].
#pragma once

#include "trainer/kernels/determined_math.h"
#include "trainer/kernels/exponential.h"
#include "trainer/kernels/kernels.h"

namespace longhaul::trainer::LH_ISA {

static void cross_entropy(const CrossEntropy& c) {
  const int64_t n = c.vocabulary;
  for (int64_t row = 0; row < c.rows; ++row) {
    float* logits = c.logits + row * c.stride;
    const int32_t target = c.targets[row];
    const float target_logit = logits[target];
    F32 most = broadcast(-__builtin_inff());
    for (int64_t i = 0; i < n; i += kLanes) {
      most = maximum(keep_first(load_n(logits + i, n - i), n - i, -__builtin_inff()), most);
    }
    const float row_max = maximum_lanes(most);
    F32 sum = {};
    for (int64_t i = 0; i < n; i += kLanes) {
      const F32 value = keep_first(exponential(load_n(logits + i, n - i) - row_max), n - i, 0.0f);
      store_n(logits + i, value, n - i);
      sum += value;
    }
    const float total = sum_lanes(sum);
    // In double: the difference of two numbers near each other; NaN goes through.
    c.losses[row] = static_cast<float>((total == total ? determined_log(static_cast<double>(total)) : total) +
                                       static_cast<double>(row_max) - static_cast<double>(target_logit));
    if (c.d_logits == nullptr) continue;
    Bf16* d_logits = c.d_logits + row * c.stride;
    const float scale = c.gradient_scale / total;
    for (int64_t i = 0; i < n; i += kLanes) store_n(d_logits + i, load_n(logits + i, n - i) * scale, n - i);
    d_logits[target] = to_bf16(logits[target] * scale - c.gradient_scale);
  }
}

}  // namespace longhaul::trainer::LH_ISA
