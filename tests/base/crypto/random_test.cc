#include "base/crypto/random.h"

#include <gtest/gtest.h>

namespace longhaul {
namespace {

TEST(Random, UuidsAreVersion4AndDiffer) {
  const std::string uuid = random_uuid();
  ASSERT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_EQ(uuid[8], '-');
  EXPECT_EQ(uuid[23], '-');
  EXPECT_NE(uuid, random_uuid());
}

TEST(Random, EqualityInConstantTimeIsEquality) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace longhaul
