#include "telemetry/history/rollup.h"

#include <limits>

#include <gtest/gtest.h>

namespace longhaul::telemetry {
namespace {

TEST(Rollup, TheFinestLevelThatFitsIsChosen) {
  EXPECT_EQ(level_for(1, 2000, 2000), 0);
  EXPECT_EQ(level_for(1, 2001, 2000), 1);
  EXPECT_EQ(level_for(1, 7999, 2000), 1);
  EXPECT_EQ(level_for(1, 8000, 2000), 2);  // 2,001 buckets of four
  EXPECT_EQ(level_for(3, 4, 1), 2);        // both sides of an edge of four
}

TEST(Rollup, ABucketIsWrittenOnceWhenItsLastStepIsPast) {
  OpenBuckets open;
  std::vector<std::pair<int, int64_t>> written;
  const auto write = [&](int level, int64_t bucket, const SeriesPoint&) {
    written.emplace_back(level, bucket);
  };
  for (int64_t s = 1; s <= 16; ++s) {
    open.close_until(s - 1, write);
    open.add(sample_point(s, 1.0, 0, 0));
  }
  EXPECT_EQ(written, (decltype(written){{1, 0}, {1, 1}, {1, 2}, {1, 3}, {2, 0}}));
}

TEST(Rollup, NonFiniteValuesAreCountedAndNothingElse) {
  SeriesPoint p;
  merge(p, sample_point(1, std::numeric_limits<double>::quiet_NaN(), 10, 100));
  merge(p, sample_point(2, 3.0, 20, 200));
  merge(p, sample_point(3, std::numeric_limits<double>::infinity(), 30, 300));
  EXPECT_EQ(p.n, 1);
  EXPECT_EQ(p.nonfinite, 2);
  EXPECT_EQ(p.mean(), 3.0);
  EXPECT_EQ(p.last, 3.0);
  EXPECT_EQ(p.last_step, 3);
  EXPECT_EQ(p.tokens, 300);
}

}  // namespace
}  // namespace longhaul::telemetry
