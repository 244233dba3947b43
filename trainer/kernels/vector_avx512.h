// AVX-512 with BF16: a vector is one register, and the dot product of bf16 pairs one instruction.
#pragma once

#include <immintrin.h>

#include "trainer/kernels/vector.h"

namespace longhaul::trainer::LH_ISA {

// 24 accumulators, 3 vectors of B and a broadcast of A: 28 of the 32 registers.
inline constexpr int kTileRows = 8;
inline constexpr int kTileVectors = 3;

// One instruction each; GCC 12 makes several of its own conversions.
LH_INLINE U32 widen_bits(U16 bits) {
  return reinterpret_cast<U32>(_mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(bits)));
}
LH_INLINE U16 narrow_bits(U32 bits) {
  return reinterpret_cast<U16>(_mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(bits)));
}

// The first n lanes; the others are 0. n >= kLanes: all, without a mask, because masked stores are slow.
LH_INLINE uint16_t first_lanes(int64_t n) { return static_cast<uint16_t>((1u << n) - 1u); }
LH_INLINE F32 load_n(const float* from, int64_t n) {
  if (n >= kLanes) return load(from);
  return reinterpret_cast<F32>(_mm512_maskz_loadu_ps(first_lanes(n), from));
}
LH_INLINE void store_n(float* to, F32 value, int64_t n) {
  if (n >= kLanes) return store(to, value);
  _mm512_mask_storeu_ps(to, first_lanes(n), reinterpret_cast<__m512>(value));
}
LH_INLINE U16 load_bits_n(const Bf16* from, int64_t n) {
  U16 bits;
  if (n >= kLanes) {
    std::memcpy(&bits, from, sizeof bits);
    return bits;
  }
  return reinterpret_cast<U16>(_mm256_maskz_loadu_epi16(first_lanes(n), from));
}
LH_INLINE void store_bits_n(Bf16* to, U16 bits, int64_t n) {
  if (n >= kLanes) {
    std::memcpy(to, &bits, sizeof bits);
  } else {
    _mm256_mask_storeu_epi16(to, first_lanes(n), reinterpret_cast<__m256i>(bits));
  }
}

LH_INLINE F32 fma(F32 a, F32 b, F32 c) {
  return reinterpret_cast<F32>(
      _mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
}
LH_INLINE F32 square_root(F32 a) {
  return reinterpret_cast<F32>(_mm512_sqrt_ps(reinterpret_cast<__m512>(a)));
}
LH_INLINE F32 dot_pairs(F32 acc, U32 a, U32 b) {
  return reinterpret_cast<F32>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(acc), reinterpret_cast<__m512bh>(a),
                                                reinterpret_cast<__m512bh>(b)));
}

}  // namespace longhaul::trainer::LH_ISA
