#include "trainer/loop/shard_state.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "trainer/kernels/determined_math.h"

namespace longhaul::trainer {
namespace {

ParameterLayout tiny_layout() {
  config::Model model;
  model.layers = 1;
  model.hidden = 16;
  model.heads = 2;
  model.sequence_length = 8;
  model.vocabulary_size = 64;
  return *ParameterLayout::build(model);
}

TEST(ShardState, StepsSlicesAsItWouldStepTheWholeAndDecaysMatricesOnly) {
  const ParameterLayout layout = tiny_layout();
  const auto size = static_cast<size_t>(layout.padded_size());
  std::vector<float> gradient(size);
  for (size_t i = 0; i < size; ++i) gradient[i] = static_cast<float>(static_cast<int>(i % 13) - 6) * 0.01f;
  AdamwStep step;
  step.learning_rate = 0.5f;
  step.weight_decay = 0.5f;
  step.m_correction = adamw_correction(0.9, 1);
  step.v_correction = adamw_correction(0.95, 1);

  ShardState whole({0, layout.padded_size()});
  std::fill(whole.master().begin(), whole.master().end(), 1.0f);
  std::vector<Bf16> weights(size);
  whole.apply(fastest_kernels(), layout, step, gradient, weights.data());

  std::vector<Bf16> weights_of_slices(size);
  for (int r = 0; r < 3; ++r) {
    ShardState slice(layout.shard_range(r, 3));
    std::fill(slice.master().begin(), slice.master().end(), 1.0f);
    const auto begin = static_cast<size_t>(slice.range().begin);
    slice.apply(fastest_kernels(), layout, step, std::span(gradient).subspan(begin, slice.master().size()),
                weights_of_slices.data() + begin);
    EXPECT_TRUE(std::equal(slice.master().begin(), slice.master().end(),
                           whole.master().begin() + slice.range().begin));
  }
  EXPECT_TRUE(std::equal(weights.begin(), weights.end(), weights_of_slices.begin(),
                         [](Bf16 a, Bf16 b) { return a.bits == b.bits; }));

  // The first AdamW step moves by the rate against the gradient's sign; decay takes rate · decay · 1 more.
  for (const ParameterTensor& t : layout.tensors()) {
    const auto at = static_cast<size_t>(t.offset) + 1;
    const float moved = gradient[at] > 0 ? -0.5f : (gradient[at] < 0 ? 0.5f : 0.0f);
    EXPECT_NEAR(whole.master()[at], 1.0f + moved - (t.weight_decay ? 0.25f : 0.0f), 1e-4f) << t.name;
  }
}

}  // namespace
}  // namespace longhaul::trainer
