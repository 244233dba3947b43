// GeLU in its tanh form, and what else goes element by element or row by row.
#pragma once

#include "trainer/kernels/exponential.h"
#include "trainer/kernels/kernels.h"

namespace longhaul::trainer::LH_ISA {

// gelu(x) = x/2 (1 + tanh(u)) = x s(2u), u = sqrt(2/π) (x + 0.044715 x³), s the logistic function.
inline constexpr float kGeluScale = 2.0f * 0.7978845608028654f;
inline constexpr float kGeluCubic = 0.044715f;

LH_INLINE F32 gelu_gate(F32 x) {
  const F32 twice_u = x * fma(x * x, broadcast(kGeluScale * kGeluCubic), broadcast(kGeluScale));
  return 1.0f / (1.0f + exponential(-twice_u));
}

static void gelu_forward(const Bf16* x, Bf16* out, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const F32 value = load_n(x + i, n - i);
    store_n(out + i, value * gelu_gate(value), n - i);
  }
}

static void gelu_backward(const Bf16* x, const Bf16* d_out, Bf16* d_x, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const F32 value = load_n(x + i, n - i);
    const F32 gate = gelu_gate(value);
    const F32 slope = fma(value * value, broadcast(3.0f * kGeluScale * kGeluCubic), broadcast(kGeluScale));
    const F32 derivative = fma(value * slope, gate * (1.0f - gate), gate);
    store_n(d_x + i, derivative * load_n(d_out + i, n - i), n - i);
  }
}

static void embedding_forward(const Bf16* table, const int32_t* tokens, int64_t rows, int64_t columns,
                              Bf16* out) {
  for (int64_t row = 0; row < rows; ++row) {
    std::memcpy(out + row * columns, table + tokens[row] * columns,
                static_cast<size_t>(columns) * sizeof(Bf16));
  }
}

static void embedding_backward(const float* d_out, const int32_t* tokens, int64_t rows, int64_t columns,
                               float* d_table) {
  for (int64_t row = 0; row < rows; ++row) {
    float* to = d_table + tokens[row] * columns;
    for (int64_t i = 0; i < columns; i += kLanes) {
      store_n(to + i, load_n(to + i, columns - i) + load_n(d_out + row * columns + i, columns - i),
              columns - i);
    }
  }
}

static void column_sums(const Bf16* x, int64_t rows, int64_t columns, float* out) {
  constexpr int64_t kWide = 4 * kLanes;  // a cache line and its neighbour a row
  for (int64_t column = 0; column < columns; column += kWide) {
    F32 sum[4] = {};
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t v = 0; v < 4 && column + v * kLanes < columns; ++v) {
        const int64_t at = column + v * kLanes;
        sum[v] += load_n(x + row * columns + at, columns - at);
      }
    }
    for (int64_t v = 0; v < 4 && column + v * kLanes < columns; ++v) {
      store_n(out + column + v * kLanes, sum[v], columns - column - v * kLanes);
    }
  }
}

static void round_to_bf16(const float* in, Bf16* out, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes) store_n(out + i, load_n(in + i, n - i), n - i);
}

}  // namespace longhaul::trainer::LH_ISA
