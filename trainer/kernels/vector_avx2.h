// AVX2 and FMA: a vector of 16 lanes is two registers.
#pragma once

#include <immintrin.h>

#include "trainer/kernels/partial_by_copy.h"
#include "trainer/kernels/vector.h"

namespace longhaul::trainer::LH_ISA {

inline constexpr int kTileRows = 4;
inline constexpr int kTileVectors = 1;

struct Halves {
  __m256 low, high;
};
LH_INLINE Halves split(F32 value) {
  Halves halves;
  std::memcpy(&halves, &value, sizeof value);
  return halves;
}
LH_INLINE F32 join(Halves halves) {
  F32 value;
  std::memcpy(&value, &halves, sizeof value);
  return value;
}
LH_INLINE F32 fma(F32 a, F32 b, F32 c) {
  const Halves x = split(a), y = split(b), z = split(c);
  return join({_mm256_fmadd_ps(x.low, y.low, z.low), _mm256_fmadd_ps(x.high, y.high, z.high)});
}
LH_INLINE F32 square_root(F32 a) {
  const Halves x = split(a);
  return join({_mm256_sqrt_ps(x.low), _mm256_sqrt_ps(x.high)});
}
LH_INLINE F32 dot_pairs(F32 acc, U32 a, U32 b) {
  acc = fma(reinterpret_cast<F32>(a & 0xffff0000u), reinterpret_cast<F32>(b & 0xffff0000u), acc);
  return fma(reinterpret_cast<F32>(a << 16), reinterpret_cast<F32>(b << 16), acc);
}

}  // namespace longhaul::trainer::LH_ISA
