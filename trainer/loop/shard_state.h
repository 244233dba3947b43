// The optimizer's state of one data-parallel rank: its slice of master weights and both AdamW moments
// (ZeRO-1). Double-buffered: a step writes the alternate buffer and then flips, so the state of the last
// complete step is whole at every instant, whatever kills this process or its peers.
// Thread-safety: one thread.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "trainer/kernels/kernels.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

class ShardState {
 public:
  // All zero.
  explicit ShardState(Range range);

  Range range() const { return range_; }
  // [range.size()] each, of the last complete step.
  std::span<float> master() { return current().master; }
  std::span<float> m() { return current().m; }
  std::span<float> v() { return current().v; }
  std::span<const float> master() const { return current().master; }
  std::span<const float> m() const { return current().m; }
  std::span<const float> v() const { return current().v; }

  // One AdamW step over the slice; weight_decay of `step` is applied to decayed spans only. gradient:
  // [range.size()]. weights: the slice's bf16 weights, written.
  void apply(const Kernels& kernels, const ParameterLayout& layout, const AdamwStep& step,
             std::span<const float> gradient, Bf16* weights);

 private:
  struct Buffers {
    std::vector<float> master, m, v;
  };
  Buffers& current() { return buffers_[which_]; }
  const Buffers& current() const { return buffers_[which_]; }

  Range range_;
  std::array<Buffers, 2> buffers_;
  size_t which_ = 0;
};

}  // namespace longhaul::trainer
