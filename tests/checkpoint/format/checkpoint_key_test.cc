#include "checkpoint/format/checkpoint_key.h"

#include <gtest/gtest.h>

namespace longhaul::checkpoint {
namespace {

TEST(CheckpointKey, SurvivesItsFolderName) {
  const CheckpointKey key{120, 2, "3.14"};
  EXPECT_EQ(folder_name(key).value(), "step-120-b2-g3.14");
  EXPECT_EQ(parse_folder_name("step-120-b2-g3.14").value(), key);
}

TEST(CheckpointKey, RefusesEveryOtherSpelling) {
  for (const char* name : {"", "step-", "step-1", "step-1-b0", "step-1-b0-g", "step-1-b0-g1", "step-1-b0-g1.",
                           "step-1-b0-g1.2 ", "step-01-b0-g1.2", "step--1-b0-g1.2", "step-+1-b0-g1.2",
                           "step-1-b00-g1.2", "step-1-b0-g1.02", "Step-1-b0-g1.2", "step-1-b0-g1.2.3",
                           "step-99999999999999999999-b0-g1.2", "step-1-b0-g1.2/", "../step-1-b0-g1.2"}) {
    const auto key = parse_folder_name(name);
    ASSERT_FALSE(key) << name;
    EXPECT_NE(key.error().message.find("'" + std::string(name) + "'"), std::string::npos);
  }
  EXPECT_FALSE(folder_name({-1, 0, "1.1"}));
  EXPECT_FALSE(folder_name({1, -1, "1.1"}));
  EXPECT_FALSE(folder_name({1, 0, "1.1/.."}));
}

TEST(CheckpointKey, IsTheLastPartOfItsPath) {
  EXPECT_EQ(folder_of("/store/checkpoints/step-120-b2-g3.14"), "step-120-b2-g3.14");
  EXPECT_EQ(folder_of("step-120-b2-g3.14"), "step-120-b2-g3.14");
  EXPECT_EQ(folder_of("/store/"), "");
}

TEST(CheckpointKey, ComparesGenerationsAsNumbers) {
  EXPECT_TRUE(is_newer({10, 0, "1.10"}, {10, 0, "1.9"}));
  EXPECT_TRUE(is_newer({11, 0, "1.1"}, {10, 3, "9.9"}));
  EXPECT_FALSE(is_newer({10, 0, "1.1"}, {10, 0, "1.1"}));
}

}  // namespace
}  // namespace longhaul::checkpoint
