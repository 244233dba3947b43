#include "telemetry/history/values.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace longhaul::telemetry {
namespace {

TEST(Values, EveryLossKeepsItsF32BitsThroughTheDatabase) {
  auto db = sqlite::Database::open(":memory:").value();
  ASSERT_TRUE(db.execute("CREATE TABLE t(v REAL, nf INT)"));
  auto insert = db.prepare("INSERT INTO t VALUES(?,?)").value();
  std::mt19937 random(3);
  std::vector<uint32_t> bits{0, 0x80000000U, 1, 0x7f800000U, 0xff800000U, 0x7f7fffffU, 0x7fc00000U};
  while (bits.size() < 5000) bits.push_back(static_cast<uint32_t>(random()));
  for (const uint32_t b : bits) {
    bind_value(insert, 1, 2, static_cast<double>(std::bit_cast<float>(b)));
    ASSERT_TRUE(insert.run());
  }
  auto rows = db.prepare("SELECT v, nf FROM t ORDER BY rowid").value();
  for (const uint32_t b : bits) {
    ASSERT_TRUE(rows.step().value());
    const uint32_t want = std::isnan(std::bit_cast<float>(b)) ? 0x7fc00000U : b;
    EXPECT_EQ(loss_bits(read_value(rows, 0, 1)), want);
  }
}

TEST(Values, SameMeansTheSameBitsAndAllNansAreOne) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(same_value(nan, -nan));
  EXPECT_FALSE(same_value(nan, 1.0));
  EXPECT_FALSE(same_value(0.0, -0.0));
  EXPECT_TRUE(same_value(1.5, 1.5));
}

}  // namespace
}  // namespace longhaul::telemetry
