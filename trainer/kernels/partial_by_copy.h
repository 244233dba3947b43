// Loads and stores of part of a vector, for instruction sets without masks; and the compiler's conversions.
#pragma once

#include "trainer/kernels/vector.h"

namespace longhaul::trainer::LH_ISA {

LH_INLINE U32 widen_bits(U16 bits) { return __builtin_convertvector(bits, U32); }
LH_INLINE U16 narrow_bits(U32 bits) { return __builtin_convertvector(bits, U16); }

// The first n lanes; the others are 0. n >= kLanes: all.
LH_INLINE F32 load_n(const float* from, int64_t n) {
  if (n >= kLanes) return load(from);
  F32 value = {};
  std::memcpy(&value, from, static_cast<size_t>(n) * sizeof(float));
  return value;
}
LH_INLINE void store_n(float* to, F32 value, int64_t n) {
  if (n >= kLanes) return store(to, value);
  std::memcpy(to, &value, static_cast<size_t>(n) * sizeof(float));
}
LH_INLINE U16 load_bits_n(const Bf16* from, int64_t n) {
  U16 bits = {};
  if (n >= kLanes) {
    std::memcpy(&bits, from, sizeof bits);
  } else {
    std::memcpy(&bits, from, static_cast<size_t>(n) * sizeof(Bf16));
  }
  return bits;
}
LH_INLINE void store_bits_n(Bf16* to, U16 bits, int64_t n) {
  if (n >= kLanes) {
    std::memcpy(to, &bits, sizeof bits);
  } else {
    std::memcpy(to, &bits, static_cast<size_t>(n) * sizeof(Bf16));
  }
}

}  // namespace longhaul::trainer::LH_ISA
