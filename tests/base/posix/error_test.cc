#include "base/posix/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace longhaul {
namespace {

<<<<<<< HEAD
TEST(ErrnoError, SaysWhatWasTriedAndTellsTheKindsApart) {
  errno = ENOENT;
  const Error missing = errno_error("open /x");
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.message, "open /x: No such file or directory");
  EXPECT_EQ(errno_error("w", ENOSPC).code, ErrorCode::kNoSpace);
  EXPECT_EQ(errno_error("w", EDQUOT).code, ErrorCode::kNoSpace);
  EXPECT_EQ(errno_error("w", EEXIST).code, ErrorCode::kConflict);
  EXPECT_EQ(errno_error("w", EIO).code, ErrorCode::kIo);
=======
TEST(ErrnoError, CodesFollowWhatACallerBranchesOn) {
  EXPECT_EQ(errno_error("x", ENOSPC).code, ErrorCode::kNoSpace);
  EXPECT_EQ(errno_error("x", EDQUOT).code, ErrorCode::kNoSpace);
  EXPECT_EQ(errno_error("x", ENOENT).code, ErrorCode::kNotFound);
  EXPECT_EQ(errno_error("x", EEXIST).code, ErrorCode::kConflict);
  EXPECT_EQ(errno_error("x", EIO).code, ErrorCode::kIo);
}

TEST(ErrnoError, TheMessageNamesWhatWasTriedAndWhatTheSystemSaid) {
  errno = ENOENT;
  EXPECT_EQ(errno_error("open /nowhere").message, "open /nowhere: No such file or directory");
>>>>>>> infra
}

}  // namespace
}  // namespace longhaul
