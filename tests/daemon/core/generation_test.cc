#include "daemon/core/generation.h"

#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

TEST(Generation, OrdersByTermThenSequenceAndReadsItsOwnText) {
  EXPECT_LT((Generation{2, 9}), (Generation{3, 1}));
  EXPECT_LT((Generation{3, 1}), (Generation{3, 10}));
  EXPECT_EQ(parse_generation("3.10"), (Generation{3, 10}));
  for (const char* bad : {"", "3", "3.", ".1", "3.1x", "-1.2", "3.-1", "3,1"})
    EXPECT_FALSE(parse_generation(bad)) << bad;
}

}  // namespace
}  // namespace longhaul::daemon
