// What rounds, lane by lane: std::fma is exact on every CPU, slow where there is no instruction for it.
#pragma once

#include "trainer/kernels/partial_by_copy.h"
#include "trainer/kernels/vector.h"

namespace longhaul::trainer::LH_ISA {

// A small tile of the matrix product: rows × vectors of 16 columns. Any tile gives the same bits.
inline constexpr int kTileRows = 4;
inline constexpr int kTileVectors = 1;

LH_INLINE F32 fma(F32 a, F32 b, F32 c) {
  F32 result;
  for (int i = 0; i < kLanes; ++i) result[i] = std::fma(a[i], b[i], c[i]);
  return result;
}
LH_INLINE F32 square_root(F32 a) {
  F32 result;
  for (int i = 0; i < kLanes; ++i) result[i] = __builtin_sqrtf(a[i]);
  return result;
}
// acc + dot of bf16 pairs: each lane of a and b holds an even element (low half) and an odd one (high).
LH_INLINE F32 dot_pairs(F32 acc, U32 a, U32 b) {
  acc = fma(reinterpret_cast<F32>(a & 0xffff0000u), reinterpret_cast<F32>(b & 0xffff0000u), acc);
  return fma(reinterpret_cast<F32>(a << 16), reinterpret_cast<F32>(b << 16), acc);
}

}  // namespace longhaul::trainer::LH_ISA
