// One aligned piece of memory for everything that a Model works in, cut once by the constructor.
// Thread-safety: none needed; owned by one Model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/core/check.h"

namespace longhaul::trainer {

// Used twice with the same calls: without memory it counts, with memory it hands out 64-byte aligned pieces.
class MemoryCutter {
 public:
  explicit MemoryCutter(std::byte* start) : start_(start) {}
  template <class T>
  T* take(int64_t count) {
    // validate_run refuses such sizes; a piece beside its memory would be worse than an end here.
    CHECK(count >= 0 && count <= (kMostBytes - used_) / static_cast<int64_t>(sizeof(T)));
    T* piece = start_ == nullptr ? nullptr : reinterpret_cast<T*>(start_ + used_);
    used_ += (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    return piece;
  }
  int64_t used_bytes() const { return used_; }

 private:
  static constexpr int64_t kMostBytes = int64_t{1} << 62;
  std::byte* start_;
  int64_t used_ = 0;
};

struct FreeAligned {
  void operator()(std::byte* memory) const;
};
using AlignedMemory = std::unique_ptr<std::byte[], FreeAligned>;

// Zeroed, so that its pages exist before the first step.
AlignedMemory allocate_aligned(int64_t bytes);

}  // namespace longhaul::trainer
