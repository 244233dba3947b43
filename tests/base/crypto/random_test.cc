#include "base/crypto/random.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul {
namespace {

TEST(Random, HexHasTwoDigitsAByte) {
  EXPECT_EQ(random_hex(0), "");
  EXPECT_THAT(random_hex(16), testing::MatchesRegex("[0-9a-f]{32}"));
}

TEST(Random, AUuidIsOfVersion4) {
  EXPECT_THAT(random_uuid(),
              testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST(Random, NothingComesTwice) {
  std::set<uint64_t> numbers;
  std::set<std::string> texts;
  for (int i = 0; i < 1000; ++i) {
    numbers.insert(random_u64());
    texts.insert(random_hex(8));
  }
  EXPECT_EQ(numbers.size(), 1000u);
  EXPECT_EQ(texts.size(), 1000u);
}

TEST(EqualInConstantTime, AgreesWithEquality) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secre"));
  EXPECT_FALSE(equal_in_constant_time("", "s"));
}

}  // namespace
}  // namespace longhaul
