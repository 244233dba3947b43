// bfloat16 as storage: the upper half of a float. Arithmetic happens in float.
// Rounding is to nearest, ties to even, on the integer bits, so subnormals survive it and every CPU agrees.
#pragma once

#include <bit>
#include <cstdint>

namespace longhaul::trainer {

struct Bf16 {
  uint16_t bits;  // trivial, as a float is
};

inline float to_float(Bf16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16); }

inline Bf16 to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<uint16_t>((bits >> 16) | 0x40u)};  // quiet NaN
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

}  // namespace longhaul::trainer
