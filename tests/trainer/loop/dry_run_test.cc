#include "trainer/loop/dry_run.h"

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

TEST(DryRun, CountsBloomsParameters) {
  config::RunConfig c;
  c.model = {70, 14336, 112, 2048, 250880};
  c.batch = {2, 2048};
  c.run.target_steps = 10;
  const auto cost = dry_run(c);
  ASSERT_TRUE(cost) << cost.error().message;
  EXPECT_EQ(*json::get_int(*cost, "parameters"), 176'247'271'424);
  EXPECT_EQ(*json::get_int(*cost, "tokens"), int64_t{10} * 2048 * 2048);
  // 12 bytes a parameter, and less than one block of padding.
  const int64_t bytes = *json::get_int(*cost, "checkpoint_bytes");
  EXPECT_GE(bytes, 12 * 176'247'271'424);
  EXPECT_LT(bytes, 12 * (176'247'271'424 + 4096));
}

TEST(DryRun, RefusesWhatCannotBeTrained) {
  config::RunConfig c;
  c.model = {2, 30, 4, 16, 64};
  c.batch = {1, 1};
  EXPECT_FALSE(dry_run(c));
}

}  // namespace
}  // namespace longhaul::trainer
