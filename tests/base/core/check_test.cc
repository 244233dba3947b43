#include "base/core/check.h"

#include <gtest/gtest.h>

namespace longhaul {
namespace {

TEST(Check, ATrueConditionIsEvaluatedOnceAndDoesNothing) {
  int evaluated = 0;
  CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, AFalseOneSaysWhichAndWhereAndAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(CHECK(1 + 1 == 3), R"(CHECK failed: 1 \+ 1 == 3 at .*check_test\.cc:[0-9]+)");
}

}  // namespace
}  // namespace longhaul
