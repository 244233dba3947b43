#include "base/posix/posix_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul {
namespace {

using testing::HasSubstr;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

class PosixFileSystemTest : public testing::Test {
 protected:
  // What a test mounted may not stay when it fails.
  ~PosixFileSystemTest() override { ::umount2(root_.c_str(), MNT_DETACH); }
  const TemporaryFolder folder_;
  const std::string root_ = folder_.path();
  PosixFileSystem files_;
};

TEST_F(PosixFileSystemTest, ReadsBackWhatItWroteAtAnyOffset) {
  const std::string path = root_ + "/f";
  {
    const auto file = files_.create(path).value();
    ASSERT_TRUE(file->reserve(1 << 20));
    EXPECT_EQ(file->size_bytes().value(), 0);  // reserved, not grown
    ASSERT_TRUE(file->write_at(3, bytes_of("def")));
    ASSERT_TRUE(file->write_at(0, bytes_of("abc")));
    ASSERT_TRUE(file->sync());
  }
  EXPECT_EQ(files_.create(path).error().code, ErrorCode::kConflict);
  const auto file = files_.open(path).value();
  EXPECT_EQ(file->size_bytes().value(), 6);
  std::string got(10, '?');
  EXPECT_EQ(file->read_at(2, std::as_writable_bytes(std::span(got))).value(), 4);
  EXPECT_EQ(got.substr(0, 4), "cdef");
  EXPECT_EQ(file->read_at(100, std::as_writable_bytes(std::span(got))).value(), 0);
  ASSERT_TRUE(files_.remove_file(path));
}

TEST_F(PosixFileSystemTest, ForgetsThePagesOfAFileAndNotItsBytes) {
  const std::string path = root_ + "/f";
  const std::string text(1 << 20, 'x');
  const auto file = files_.create(path).value();
  ASSERT_TRUE(file->write_at(0, bytes_of(text)));
  ASSERT_TRUE(file->sync());
  const auto again = files_.open(path).value();
  ASSERT_TRUE(again->drop_cache());
  std::string got(text.size(), '?');
  EXPECT_EQ(again->read_at(0, std::as_writable_bytes(std::span(got))).value(), 1 << 20);
  EXPECT_EQ(got, text);
  ASSERT_TRUE(files_.remove_file(path));
}

TEST_F(PosixFileSystemTest, TellsErrorsApartAndNamesThePath) {
  const std::string nothing = root_ + "/nothing";
  EXPECT_EQ(files_.open(nothing).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.info(nothing).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.list(nothing).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.remove_file(nothing).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.rename(nothing, root_ + "/x").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(files_.open(nothing).error().message, HasSubstr(nothing));
  ASSERT_TRUE(files_.make_directory(root_ + "/d"));
  EXPECT_EQ(files_.make_directory(root_ + "/d").error().code, ErrorCode::kConflict);
  EXPECT_TRUE(files_.info(root_ + "/d").value().is_directory);
  ASSERT_TRUE(files_.create(root_ + "/d/f"));
  EXPECT_FALSE(files_.remove_directory(root_ + "/d"));
  EXPECT_EQ(files_.list(root_ + "/d").value(), std::vector<std::string>{"f"});
  ASSERT_TRUE(files_.sync_directory(root_ + "/d"));
  ASSERT_TRUE(files_.rename(root_ + "/d/f", root_ + "/d/g"));
  ASSERT_TRUE(files_.remove_file(root_ + "/d/g"));
  EXPECT_TRUE(files_.remove_directory(root_ + "/d"));
}

TEST_F(PosixFileSystemTest, RefusesToReserveMoreThanTheDiskHas) {
  if (::mount("tmpfs", root_.c_str(), "tmpfs", 0, "size=256k") != 0)
    GTEST_SKIP() << "mounting a small disk needs root";
  {
    EXPECT_EQ(files_.available_bytes(root_).value(), 256 << 10);
    const auto file = files_.create(root_ + "/f").value();
    EXPECT_EQ(file->reserve(1 << 20).error().code, ErrorCode::kNoSpace);
    ASSERT_TRUE(file->reserve(200 << 10));
    const auto other = files_.create(root_ + "/g").value();
    EXPECT_EQ(other->write_at(0, bytes_of(std::string(100 << 10, 'x'))).error().code, ErrorCode::kNoSpace);
  }
  EXPECT_EQ(::umount(root_.c_str()), 0);
}

}  // namespace
}  // namespace longhaul
