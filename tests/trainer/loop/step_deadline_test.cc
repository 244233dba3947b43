#include "trainer/loop/step_deadline.h"

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

TEST(StepDeadline, TheFirstStepMayTakeAsLongAsAStart) {
  EXPECT_EQ(StepDeadline(120'000, 60'000).limit_ms(), 120'000);
  EXPECT_EQ(StepDeadline(1'000, 60'000).limit_ms(), 60'000) << "and never less than the floor";
}

TEST(StepDeadline, IsTenUsualStepsOrTheFloor) {
  StepDeadline deadline(120'000, 60'000);
  deadline.observe(100);
  EXPECT_EQ(deadline.limit_ms(), 60'000);
  StepDeadline slow(120'000, 60'000);
  slow.observe(40'000);
  EXPECT_EQ(slow.limit_ms(), 400'000);
  slow.observe(30'000);
  EXPECT_EQ(slow.limit_ms(), 390'000) << "one step moves the usual by a tenth of the difference";
}

}  // namespace
}  // namespace longhaul::trainer
