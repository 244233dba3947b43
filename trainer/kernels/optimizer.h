// AdamW, the fixed-point sums of gradients, and the sums of squares of the gradient norm.
#pragma once

#include "trainer/kernels/kernels.h"
#include "trainer/kernels/vector.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer::LH_ISA {

// Loshchilov and Hutter 2019, as PyTorch orders it: decay first, then the update.
static void adamw(const AdamwStep& s, const AdamwArena& a) {
  const float decay = -s.learning_rate * s.weight_decay;
  for (int64_t i = 0; i < a.size; i += kLanes) {
    const int64_t left = a.size - i;
    const F32 gradient = load_n(a.gradient + i, left) * s.gradient_scale;
    const F32 m = fma(gradient, broadcast(1.0f - s.beta1), load_n(a.m + i, left) * s.beta1);
    const F32 v = fma(gradient * gradient, broadcast(1.0f - s.beta2), load_n(a.v + i, left) * s.beta2);
    const F32 update = (m * s.m_correction) / (square_root(v * s.v_correction) + s.epsilon);
    F32 master = load_n(a.master + i, left);
    master = fma(master, broadcast(decay), master);
    master = fma(update, broadcast(-s.learning_rate), master);
    store_n(a.m_out + i, m, left);
    store_n(a.v_out + i, v, left);
    store_n(a.master_out + i, master, left);
    store_n(a.weights_out + i, master, left);
  }
}

typedef double F64 __attribute__((vector_size(64)));
typedef int64_t I64 __attribute__((vector_size(64)));
typedef uint64_t U64 __attribute__((vector_size(64)));
typedef float F32Half __attribute__((vector_size(32)));
inline constexpr int64_t kWideLanes = 8;

static bool fixed_point_accumulate(const float* values, int64_t* sums, int64_t n) {
  const double unit = static_cast<double>(int64_t{1} << kFixedPointScaleBits);
  const double to_integer = 6755399441055744.0;  // 1.5 * 2^52: adding it leaves round(x) in the low bits
  const uint64_t to_integer_bits = std::bit_cast<uint64_t>(to_integer);
  I64 bad = {};
  for (int64_t i = 0; i < n; i += kWideLanes) {
    const size_t left = static_cast<size_t>(n - i < kWideLanes ? n - i : kWideLanes);
    F32Half value = {};
    U64 sum = {};
    std::memcpy(&value, values + i, left * sizeof(float));
    std::memcpy(&sum, sums + i, left * sizeof(int64_t));
    const F64 wide = __builtin_convertvector(value, F64);
    const I64 within = (wide <= kFixedPointLimit) & (wide >= -kFixedPointLimit);  // NaN is not
    bad |= ~within;
    const F64 shifted = wide * unit + to_integer;
    sum += (reinterpret_cast<U64>(shifted) - to_integer_bits) & reinterpret_cast<U64>(within);
    std::memcpy(sums + i, &sum, left * sizeof(int64_t));
  }
  int64_t any = 0;
  for (int64_t lane = 0; lane < kWideLanes; ++lane) any |= bad[lane];
  return any == 0;
}

static void fixed_point_to_float(const int64_t* sums, float* out, int64_t n, double divisor) {
  const double unit = 1.0 / static_cast<double>(int64_t{1} << kFixedPointScaleBits);
  for (int64_t i = 0; i < n; i += kWideLanes) {
    const size_t left = static_cast<size_t>(n - i < kWideLanes ? n - i : kWideLanes);
    I64 sum = {};
    std::memcpy(&sum, sums + i, left * sizeof(int64_t));
    const F64 value = __builtin_convertvector(sum, F64) * unit / divisor;
    const F32Half rounded = __builtin_convertvector(value, F32Half);
    std::memcpy(out + i, &rounded, left * sizeof(float));
  }
}

// Lane l of a block sums elements l, l + 16, …; then the lanes fold as sum_lanes does. Squares of floats are
// exact in double.
static void block_squares(const float* values, int64_t n, double* out) {
  for (int64_t block = 0; block < n / kBlockElements; ++block) {
    F64 low = {}, high = {};
    const float* from = values + block * kBlockElements;
    for (int64_t i = 0; i < kBlockElements; i += kLanes) {
      F32Half half[2];
      std::memcpy(half, from + i, sizeof half);
      const F64 a = __builtin_convertvector(half[0], F64), b = __builtin_convertvector(half[1], F64);
      low += a * a;
      high += b * b;
    }
    const F64 sum = low + high;
    double lane[kWideLanes];
    std::memcpy(lane, &sum, sizeof sum);
    for (int64_t half = kWideLanes / 2; half >= 1; half /= 2) {
      for (int64_t i = 0; i < half; ++i) lane[i] += lane[i + half];
    }
    out[block] = lane[0];
  }
}

}  // namespace longhaul::trainer::LH_ISA
