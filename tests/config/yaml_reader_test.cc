#include "config/yaml_reader.h"

#include <gtest/gtest.h>

namespace longhaul::config {
namespace {

TEST(YamlReader, ReadsTheWholeRangeOfAnUnsignedSeed) {
  uint64_t seed = 0;
  ASSERT_TRUE(read_mapping("seed: 18446744073709551615", "f", {integer("seed", &seed)}));
  EXPECT_EQ(seed, 18446744073709551615u);
  EXPECT_FALSE(read_mapping("seed: -1", "f", {integer("seed", &seed)}));
}

TEST(YamlReader, RefusesASecondDocument) {
  int64_t a = 0;
  const auto read = read_mapping("a: 1\n---\na: 2\n", "f", {integer("a", &a, 0, 9)});
  EXPECT_EQ(read.error().message, "f:1:1: holds 2 YAML documents; it must hold one");
}

TEST(YamlReader, PointsAtANestedKey) {
  EXPECT_EQ(location_of("a:\n  b:\n    c: 5\n", "f", "a.b.c"), "f:3:8");
  EXPECT_EQ(location_of("a:\n  b: 1\n", "f", "a.x"), "f:2:3");
}

}  // namespace
}  // namespace longhaul::config
