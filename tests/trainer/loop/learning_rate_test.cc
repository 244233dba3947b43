#include "trainer/loop/learning_rate.h"

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

TEST(LearningRate, WarmsUpThenFollowsHalfACosineThenStays) {
  config::Optimizer o;
  o.learning_rate = 1.0;
  o.min_learning_rate = 0.1;
  o.warmup_samples = 100;
  o.decay_samples = 1100;
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 1), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 50), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 100), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 350), 0.1 + 0.9 * 0.5 * (1 + 0.70710678118654752));
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 600), 0.55);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 1100), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 1'000'000), 0.1);
}

TEST(LearningRate, NeedsNoWarmUp) {
  config::Optimizer o;
  o.learning_rate = 2.0;
  o.decay_samples = 10;
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 0), 2.0);
}

}  // namespace
}  // namespace longhaul::trainer
