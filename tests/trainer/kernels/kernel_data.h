// Random operands for the tests of kernels.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

#include "trainer/kernels/kernels.h"

namespace longhaul::trainer {

class KernelData {
 public:
  explicit KernelData(uint32_t seed) : random_(seed) {}
  std::vector<float> floats(int64_t n, float spread = 1.0f) {
    std::vector<float> values(static_cast<size_t>(n));
    for (float& value : values) value = spread * normal_(random_);
    return values;
  }
  std::vector<Bf16> halves(int64_t n, float spread = 1.0f) {
    std::vector<Bf16> values;
    for (float value : floats(n, spread)) values.push_back(to_bf16(value));
    return values;
  }
  std::vector<int32_t> tokens(int64_t n, int32_t limit) {
    std::vector<int32_t> values(static_cast<size_t>(n));
    for (int32_t& value : values) value = static_cast<int32_t>(random_() % static_cast<uint32_t>(limit));
    return values;
  }
  uint32_t bits() { return static_cast<uint32_t>(random_()); }

 private:
  std::mt19937 random_;
  std::normal_distribution<float> normal_{0.0f, 1.0f};
};

// A workspace of at least `bytes`, aligned as the kernels want it.
class Workspace {
 public:
  explicit Workspace(int64_t bytes) : memory_(static_cast<size_t>(bytes) + 64) {}
  std::byte* get() { return memory_.data() + (64 - reinterpret_cast<uintptr_t>(memory_.data()) % 64); }

 private:
  std::vector<std::byte> memory_;
};

}  // namespace longhaul::trainer
