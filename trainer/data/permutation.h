// A pseudo-random order of 0..n-1 that is never stored: position → element by arithmetic alone, so that
// any process can ask for any position of a terabyte corpus without a shuffled index in memory.
//
// Method: a balanced Feistel network is a bijection on 2w-bit numbers whatever its round function is;
// numbers ≥ n are sent through it again until they fall below n ("cycle walking", Black and Rogaway,
// "Ciphers with Arbitrary Finite Domains", 2002). 4^w < 4n, so fewer than 4 passes are expected.
// Thread-safe: a plain value.
#pragma once

#include <array>
#include <cstdint>

namespace longhaul::trainer::data {

class Permutation {
 public:
  // size > 0. Equal (size, key) give equal orders on every machine, in every version of this program.
  Permutation(uint64_t size, uint64_t key);
  // position < size; the result is < size, each one once.
  uint64_t operator()(uint64_t position) const;

 private:
  static constexpr int kRounds = 6;
  uint64_t size_;
  int half_bits_;
  std::array<uint64_t, kRounds> keys_;
};

// SplitMix64's finalizer: every input bit reaches every output bit.
uint64_t mix64(uint64_t value);
// One key out of several numbers; the order of the numbers matters.
uint64_t mix_key(uint64_t a, uint64_t b, uint64_t c);

}  // namespace longhaul::trainer::data
