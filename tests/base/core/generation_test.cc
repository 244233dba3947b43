#include "base/core/generation.h"

#include <gtest/gtest.h>

namespace longhaul {
namespace {

TEST(Generation, OrdersByTermThenSequenceAndReadsItsOwnText) {
  EXPECT_LT((Generation{2, 9}), (Generation{3, 1}));
  EXPECT_LT((Generation{3, 1}), (Generation{3, 10}));
  EXPECT_EQ(parse_generation((Generation{3, 10}).text()).value(), (Generation{3, 10}));
  EXPECT_EQ(parse_generation("0.0").value(), Generation{});
}

TEST(Generation, WhatIsNotExactlyThatFormIsRefused) {
  for (const char* bad : {"", ".", "3", "3.", ".1", "3.1x", "-1.2", "3.-1", "3,1", "03.1", "3.01", " 3.1",
                          "+3.1", "3.1.1", "99999999999999999999.1"}) {
    const auto parsed = parse_generation(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().message.find("as in 3.1"), std::string::npos) << parsed.error().message;
  }
}

}  // namespace
}  // namespace longhaul
