// LayerNorm by rows. Backward, with x̂ = (x - mean) / deviation and g = dy * weight:
//   dx = (g - mean(g) - x̂ * mean(g * x̂)) / deviation;  d_weight += dy * x̂;  d_bias += dy, row after row.
#pragma once

#include "trainer/kernels/kernels.h"
#include "trainer/kernels/vector.h"

namespace longhaul::trainer::LH_ISA {

static void layer_norm_forward(const LayerNorm& l) {
  const float count = static_cast<float>(l.columns);
  for (int64_t row = 0; row < l.rows; ++row) {
    const Bf16* x = l.x + row * l.columns;
    Bf16* out = l.out + row * l.columns;
    F32 sum = {};
    for (int64_t i = 0; i < l.columns; i += kLanes) sum += load_n(x + i, l.columns - i);
    const float mean = sum_lanes(sum) / count;
    F32 squares = {};
    for (int64_t i = 0; i < l.columns; i += kLanes) {
      const F32 centred = keep_first(load_n(x + i, l.columns - i) - mean, l.columns - i, 0.0f);
      squares = fma(centred, centred, squares);
    }
    const float inverse = 1.0f / __builtin_sqrtf(sum_lanes(squares) / count + l.epsilon);
    for (int64_t i = 0; i < l.columns; i += kLanes) {
      const int64_t left = l.columns - i;
      const F32 normal = (load_n(x + i, left) - mean) * inverse;
      store_n(out + i, fma(normal, load_n(l.weight + i, left), load_n(l.bias + i, left)), left);
    }
    l.mean[row] = mean;
    l.inverse_deviation[row] = inverse;
  }
}

LH_INLINE F32 layer_norm_d_out(const LayerNorm& l, int64_t at, int64_t left) {
  return l.d_out_f32 != nullptr ? load_n(l.d_out_f32 + at, left) : load_n(l.d_out + at, left);
}

static void layer_norm_backward(const LayerNorm& l) {
  const float count = static_cast<float>(l.columns);
  for (int64_t row = 0; row < l.rows; ++row) {
    const int64_t start = row * l.columns;
    const float mean = l.mean[row];
    const float inverse = l.inverse_deviation[row];
    F32 sum = {}, sum_normal = {};
    for (int64_t i = 0; i < l.columns; i += kLanes) {
      const int64_t left = l.columns - i;
      const F32 normal = (load_n(l.x + start + i, left) - mean) * inverse;
      const F32 d_out = layer_norm_d_out(l, start + i, left);  // 0 beyond the row, and with it g
      const F32 g = d_out * load_n(l.weight + i, left);
      sum += g;
      sum_normal = fma(g, normal, sum_normal);
      store_n(l.d_weight + i, fma(d_out, normal, load_n(l.d_weight + i, left)), left);
      store_n(l.d_bias + i, load_n(l.d_bias + i, left) + d_out, left);
    }
    const float mean_g = sum_lanes(sum) / count;
    const float mean_normal = sum_lanes(sum_normal) / count;
    for (int64_t i = 0; i < l.columns; i += kLanes) {
      const int64_t left = l.columns - i;
      const F32 normal = (load_n(l.x + start + i, left) - mean) * inverse;
      const F32 g = layer_norm_d_out(l, start + i, left) * load_n(l.weight + i, left);
      F32 d_x = fma(normal, broadcast(-mean_normal), g - mean_g) * inverse;
      if (l.accumulate) d_x += load_n(l.d_x + start + i, left);
      store_n(l.d_x + start + i, d_x, left);
    }
  }
}

}  // namespace longhaul::trainer::LH_ISA
