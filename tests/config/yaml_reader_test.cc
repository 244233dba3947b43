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

TEST(YamlReader, ANumberHasNoLeadingZero) {
  double rate = -1;
  int64_t steps = -1;
  const std::vector<Field> fields = {number("rate", &rate, -10, 100, Need::kOptional),
                                     integer("steps", &steps, -10, 100, Need::kOptional)};
  for (const char* text : {"rate: 010", "rate: 00.5", "rate: -01", "rate: 00", "steps: 010", "steps: -01"}) {
    EXPECT_FALSE(read_mapping(text, "f", fields)) << text;
  }
  for (const auto& [text, value] : {std::pair{"rate: 0", 0.0},
                                    {"rate: 0.5", 0.5},
                                    {"rate: -0.5", -0.5},
                                    {"rate: 1e-3", 1e-3},
                                    {"rate: 0e0", 0.0},
                                    {"rate: 10", 10.0}}) {
    ASSERT_TRUE(read_mapping(text, "f", fields)) << text;
    EXPECT_EQ(rate, value) << text;
  }
  ASSERT_TRUE(read_mapping("steps: 0", "f", fields));
  EXPECT_EQ(steps, 0);
}

TEST(YamlReader, WhatIsTaggedOrQuotedIsNoNumber) {
  double rate = 0;
  int64_t steps = 0;
  uint64_t seed = 0;
  for (const char* value : {"\"2\"", "'2'", "!!str 2", "!!str \"2\"", "!foo 2", "! 2"}) {
    for (const Field& field :
         {number("key", &rate, 0, 9), integer("key", &steps, 0, 9), integer("key", &seed)}) {
      EXPECT_FALSE(read_mapping(std::string("key: ") + value, "f", {field})) << value;
    }
  }
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
