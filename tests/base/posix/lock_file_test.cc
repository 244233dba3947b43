#include "base/posix/lock_file.h"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

namespace longhaul {
namespace {

TEST(LockFileTest, OneHolderAtATimeAndTheRefusalNamesIt) {
  TemporaryFolder directory;
  const std::string path = directory.path() + "/lock";
  {
    const auto first = LockFile::acquire(path);
    ASSERT_TRUE(first) << first.error().message;
    const auto second = LockFile::acquire(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kConflict);
    EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_TRUE(LockFile::acquire(path));
}

TEST(LockFileTest, AKilledHolderHoldsNoLonger) {
  TemporaryFolder directory;
  const std::string path = directory.path() + "/lock";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const auto lock = LockFile::acquire(path);
    if (::write(ends[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  const auto refused = LockFile::acquire(path);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(std::to_string(holder)), std::string::npos);
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  EXPECT_TRUE(LockFile::acquire(path));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(LockFileTest, WaitsForADeadHoldersForkedChildButNotForALivingHolder) {
  TemporaryFolder directory;
  const std::string path = directory.path() + "/lock";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const auto lock = LockFile::acquire(path);
    if (::fork() == 0) {  // has the descriptor, as between fork and exec; ends soon after
      ::usleep(300'000);
      ::_exit(0);
    }
    if (::write(ends[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  EXPECT_FALSE(LockFile::acquire(path));
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  const auto lock = LockFile::acquire(path);
  EXPECT_TRUE(lock) << lock.error().message;
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace longhaul
