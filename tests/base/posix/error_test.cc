#include "base/posix/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace longhaul {
namespace {

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
}

}  // namespace
}  // namespace longhaul
