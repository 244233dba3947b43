#include "base/posix/file.h"

#include <gtest/gtest.h>

namespace longhaul {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "file_test_" + std::to_string(getpid());
    ASSERT_TRUE(make_directories(root_ + "/a/b"));
  }
  std::string root_;
};

TEST_F(FileTest, ReplacesAFileWholeAndLeavesNoTemporaryBehind) {
  ASSERT_TRUE(write_file_durably(root_ + "/a/b/f", "one"));
  ASSERT_TRUE(write_file_durably(root_ + "/a/b/f", "two"));
  EXPECT_EQ(read_file(root_ + "/a/b/f").value(), "two");
  EXPECT_EQ(list_directory(root_ + "/a/b").value(), std::vector<std::string>{"f"});
}

TEST_F(FileTest, OnlyOneOfTwoExclusiveCreatorsWins) {
  const std::string path = root_ + "/claim-" + std::to_string(rand());
  ASSERT_TRUE(create_file_exclusively(path, "first"));
  const auto second = create_file_exclusively(path, "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_EQ(read_file(path).value(), "first");
}

TEST_F(FileTest, NamesTheMissingFile) {
  const auto missing = read_file(root_ + "/nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find(root_ + "/nothing"), std::string::npos);
}

}  // namespace
}  // namespace longhaul
