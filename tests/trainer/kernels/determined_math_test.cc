#include "trainer/kernels/determined_math.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

TEST(DeterminedMath, LogarithmAndCosineAgreeWithTheLibrary) {
  for (double x = 1e-300; x < 1e300; x *= 1.37) {
    ASSERT_NEAR(determined_log(x), std::log(x), 4e-16 * std::max(1.0, std::fabs(std::log(x)))) << x;
  }
  for (double x = -4; x <= 4; x += 0.0137) ASSERT_NEAR(determined_cos(x), std::cos(x), 2e-15) << x;
  EXPECT_TRUE(std::isnan(determined_log(-1)));
  EXPECT_TRUE(std::isnan(determined_log(std::nan(""))));
  EXPECT_EQ(determined_log(std::numeric_limits<double>::infinity()), std::numeric_limits<double>::infinity());
}

TEST(DeterminedMath, NormalInvertsTheNormalDistribution) {
  for (double u = 1e-10; u < 1; u = u < 0.01 ? u * 1.9 : u + 0.0071) {
    const double x = determined_normal(u);
    ASSERT_NEAR(0.5 * std::erfc(-x / std::sqrt(2.0)) / u, 1.0, 1e-13) << u;
    if (u > 0.01) {
      ASSERT_NEAR(determined_normal(1 - u), -x, 1e-13);
    }
  }
}

TEST(DeterminedMath, AdamwCorrectionIsTheUsualOne) {
  for (int64_t step : {1, 2, 10, 1000, 1000000}) {
    EXPECT_FLOAT_EQ(adamw_correction(0.95, step),
                    static_cast<float>(1 / (1 - std::pow(0.95, static_cast<double>(step)))));
  }
}

TEST(DeterminedMath, AlibiSlopesAreThoseOfThePaperAlsoForTwelveHeads) {
  for (int64_t head = 0; head < 8; ++head) {
    EXPECT_EQ(alibi_slope(head, 8), std::ldexp(1.0f, static_cast<int>(-head - 1)));
  }
  // 12 heads: the 8 above, then every second one of 16 heads (BLOOM's build_alibi_tensor).
  EXPECT_EQ(alibi_slope(7, 12), 1.0f / 256.0f);
  for (int64_t extra = 0; extra < 4; ++extra) {
    EXPECT_FLOAT_EQ(alibi_slope(8 + extra, 12),
                    static_cast<float>(std::pow(2.0, -0.5 * (2.0 * extra + 1.0))));
  }
  EXPECT_EQ(alibi_slope(0, 1), 1.0f / 256.0f);
}

}  // namespace
}  // namespace longhaul::trainer
