#include "base/core/check.h"

#include <gtest/gtest.h>

namespace longhaul {
namespace {

TEST(CheckDeathTest, AFalseConditionEndsTheProcessAndSaysWhere) {
  const int seven = 7;
  CHECK(seven == 7);
  EXPECT_DEATH(CHECK(seven == 8), "CHECK failed: seven == 8 at .*check_test.cc");
}

}  // namespace
}  // namespace longhaul
