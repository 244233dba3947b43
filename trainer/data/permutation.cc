#include "trainer/data/permutation.h"

#include <algorithm>
#include <bit>

#include "base/core/check.h"

namespace longhaul::trainer::data {

uint64_t mix64(uint64_t value) {
  value += 0x9e3779b97f4a7c15ull;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

uint64_t mix_key(uint64_t a, uint64_t b, uint64_t c) { return mix64(mix64(mix64(a) ^ b) ^ c); }

Permutation::Permutation(uint64_t size, uint64_t key) : size_(size) {
  CHECK(size > 0);
  half_bits_ = std::max(1, (static_cast<int>(std::bit_width(size - 1)) + 1) / 2);
  for (int round = 0; round < kRounds; ++round) keys_[round] = mix_key(key, 0, round);
}

uint64_t Permutation::operator()(uint64_t position) const {
  CHECK(position < size_);
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  do {
    uint64_t left = position >> half_bits_, right = position & mask;
    for (const uint64_t key : keys_) {
      const uint64_t next = left ^ (mix64(right ^ key) & mask);
      left = right;
      right = next;
    }
    position = (left << half_bits_) | right;
  } while (position >= size_);
  return position;
}

}  // namespace longhaul::trainer::data
