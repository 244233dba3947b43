#include "base/posix/file.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace longhaul {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(make_directories(root_ + "/a/b")); }
  const TemporaryFolder folder_;
  const std::string root_ = folder_.path();
};

TEST_F(FileTest, ReplacesAFileWholeAndLeavesNoTemporaryBehind) {
  ASSERT_TRUE(write_file_durably(root_ + "/a/b/f", "one"));
  ASSERT_TRUE(write_file_durably(root_ + "/a/b/f", "two"));
  EXPECT_EQ(read_file(root_ + "/a/b/f").value(), "two");
  EXPECT_EQ(list_directory(root_ + "/a/b").value(), std::vector<std::string>{"f"});
}

TEST_F(FileTest, OnlyOneOfTwoExclusiveCreatorsWins) {
  const std::string path = root_ + "/claim";
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
