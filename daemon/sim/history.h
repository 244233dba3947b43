// What the simulated daemon has measured, on its disk: survives its death. A step's bits are a number that
// follows from the seed alone, as in a deterministic trainer. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace longhaul::daemon::sim {

inline uint64_t bits_of(uint64_t seed, int64_t step) {
  uint64_t x = seed + 0x9E3779B97F4A7C15ULL * static_cast<uint64_t>(step);
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  return x ^ (x >> 27);
}

struct MeasuredStep {
  int64_t step = 0;
  uint64_t bits = 0;
};

class History {
 public:
  // False: the step was there with other bits.
  bool record(const MeasuredStep& s) {
    if (s.step >= static_cast<int64_t>(bits_.size())) bits_.resize(static_cast<size_t>(s.step) + 1, kUnknown);
    uint64_t& slot = bits_[static_cast<size_t>(s.step)];
    if (slot != kUnknown) return slot == s.bits;
    slot = s.bits;
    if (s.step > last_) last_ = s.step;
    return true;
  }
  bool has(int64_t step) const {
    return step < static_cast<int64_t>(bits_.size()) && bits_[static_cast<size_t>(step)] != kUnknown;
  }
  int64_t last_step() const { return last_; }
  // The first step up to the last one that is not there; 0: none is missing.
  int64_t first_missing() const {
    for (int64_t step = 1; step <= last_; ++step) {
      if (!has(step)) return step;
    }
    return 0;
  }

  std::map<std::string, int64_t> marks;  // how far each node's spool is committed

 private:
  static constexpr uint64_t kUnknown = 0;
  std::vector<uint64_t> bits_;  // by step
  int64_t last_ = 0;
};

}  // namespace longhaul::daemon::sim
