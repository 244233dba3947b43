#include "telemetry/publish/text.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace longhaul::telemetry::publish {
namespace {

std::string number(double value, int digits = 17) {
  std::string out;
  append_number(out, value, digits);
  return out;
}

TEST(Text, NumbersComeBackExactlyAndAreShort) {
  EXPECT_EQ(number(static_cast<double>(2.46F)), "2.46");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1.0 / 3.0, 9), "0.333333333");
  EXPECT_EQ(number(std::nan("")), "null");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "null");
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto narrow = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isfinite(narrow)) {
      ASSERT_EQ(static_cast<float>(std::strtod(number(static_cast<double>(narrow)).c_str(), nullptr)),
                narrow);
    }
    const auto wide = std::bit_cast<double>(random());
    if (std::isfinite(wide)) {
      ASSERT_EQ(std::strtod(number(wide).c_str(), nullptr), wide);
    }
  }
}

TEST(Text, TimesAreUtcWithMilliseconds) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1'709'210'096'007), "2024-02-29T12:34:56.007Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Text, NonFiniteValuesHaveNames) {
  EXPECT_STREQ(nonfinite_name(std::nan("")), "nan");
  EXPECT_STREQ(nonfinite_name(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_STREQ(nonfinite_name(-std::numeric_limits<double>::infinity()), "-inf");
}

}  // namespace
}  // namespace longhaul::telemetry::publish
