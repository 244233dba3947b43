// Sixteen lanes of f32 for the kernels of one instruction set. A kernel is written once over these; the file
// that compiles it (portable.cc, avx2.cc, avx512.cc) picks LH_ISA, the namespace all of it lives in, so that
// no linker ever folds code of two instruction sets into one.
//
// Only what rounds or what the compiler cannot find by itself is spelled out a set (vector_<set>.h): fma,
// square root, the bf16 dot product. The rest is the compiler's vector arithmetic, which is lane by lane the
// scalar arithmetic of IEEE 754.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "trainer/kernels/bf16.h"

#ifndef LH_ISA
#define LH_ISA portable
#define LH_ISA_PORTABLE 1
#endif
#define LH_INLINE static inline __attribute__((always_inline, unused))

namespace longhaul::trainer::LH_ISA {

inline constexpr int64_t kLanes = 16;
typedef float F32 __attribute__((vector_size(64)));
typedef int32_t I32 __attribute__((vector_size(64)));
typedef uint32_t U32 __attribute__((vector_size(64)));
typedef uint16_t U16 __attribute__((vector_size(32)));

LH_INLINE F32 broadcast(float value) { return F32{} + value; }
LH_INLINE F32 load(const float* from) {
  F32 value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
LH_INLINE void store(float* to, F32 value) { std::memcpy(to, &value, sizeof value); }

// Lanes below n keep their value, the others become `other`.
LH_INLINE F32 keep_first(F32 value, int64_t n, float other) {
  const I32 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lane < static_cast<int32_t>(n < kLanes ? n : kLanes) ? value : broadcast(other);
}
LH_INLINE F32 maximum(F32 a, F32 b) { return a > b ? a : b; }

// Both fold 16 lanes to 8, 4, 2, 1, the upper half into the lower: one order for every CPU.
LH_INLINE float sum_lanes(F32 value) {
  float lane[kLanes];
  store(lane, value);
  for (int64_t half = kLanes / 2; half >= 1; half /= 2) {
    for (int64_t i = 0; i < half; ++i) lane[i] += lane[i + half];
  }
  return lane[0];
}
LH_INLINE float maximum_lanes(F32 value) {
  float lane[kLanes];
  store(lane, value);
  for (int64_t half = kLanes / 2; half >= 1; half /= 2) {
    for (int64_t i = 0; i < half; ++i) lane[i] = lane[i] > lane[i + half] ? lane[i] : lane[i + half];
  }
  return lane[0];
}

}  // namespace longhaul::trainer::LH_ISA

#if defined(LH_ISA_AVX512)
#include "trainer/kernels/vector_avx512.h"  // has its own load_n and store_n
#elif defined(LH_ISA_AVX2)
#include "trainer/kernels/vector_avx2.h"
#else
#include "trainer/kernels/vector_portable.h"
#endif

namespace longhaul::trainer::LH_ISA {

LH_INLINE F32 widen(U16 bits) { return reinterpret_cast<F32>(widen_bits(bits) << 16); }
// Nearest, ties to even; NaN stays NaN (bf16.h).
LH_INLINE U16 narrow(F32 value) {
  const U32 bits = reinterpret_cast<U32>(value);
  const U32 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const U32 quiet = (bits >> 16) | 0x40u;
  return narrow_bits((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}
LH_INLINE F32 load_n(const Bf16* from, int64_t n) { return widen(load_bits_n(from, n)); }
LH_INLINE void store_n(Bf16* to, F32 value, int64_t n) { store_bits_n(to, narrow(value), n); }

}  // namespace longhaul::trainer::LH_ISA
