#include "trainer/kernels/float_mode.h"

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

float half_of(float x) {
  volatile float kept = x;  // so that the compiler does not compute it in its own mode
  return kept * 0.5f;
}

TEST(FloatMode, SubnormalsAreZeroWhileItLivesAndOnlyThen) {
  const float smallest_normal = 0x1p-126f;
  EXPECT_GT(half_of(smallest_normal), 0.0f);
  {
    const FlushSubnormals flush;
    const FlushSubnormals nested;
    EXPECT_EQ(half_of(smallest_normal), 0.0f);       // a subnormal result
    EXPECT_EQ(half_of(0x1p-127f) * 0x1p100f, 0.0f);  // a subnormal operand
  }
  EXPECT_GT(half_of(smallest_normal), 0.0f);
}

}  // namespace
}  // namespace longhaul::trainer
