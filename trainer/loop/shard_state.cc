#include "trainer/loop/shard_state.h"

#include "base/core/check.h"

namespace longhaul::trainer {

ShardState::ShardState(Range range) : range_(range) {
  const auto size = static_cast<size_t>(range.size());
  for (Buffers& buffers : buffers_) {
    buffers.master.resize(size);
    buffers.m.resize(size);
    buffers.v.resize(size);
  }
}

void ShardState::apply(const Kernels& kernels, const ParameterLayout& layout, const AdamwStep& step,
                       std::span<const float> gradient, Bf16* weights) {
  CHECK(gradient.size() == static_cast<size_t>(range_.size()));
  const Buffers& from = current();
  Buffers& to = buffers_[1 - which_];
  for (const DecaySpan& span : layout.decay_spans(range_)) {
    AdamwStep part = step;
    if (!span.weight_decay) part.weight_decay = 0;
    const int64_t at = span.range.begin - range_.begin;
    kernels.adamw(part, {.size = span.range.size(),
                         .gradient = gradient.data() + at,
                         .master = from.master.data() + at,
                         .m = from.m.data() + at,
                         .v = from.v.data() + at,
                         .master_out = to.master.data() + at,
                         .m_out = to.m.data() + at,
                         .v_out = to.v.data() + at,
                         .weights_out = weights + at});
  }
  which_ = 1 - which_;
}

}  // namespace longhaul::trainer
