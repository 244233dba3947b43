#include "base/posix/file.h"

#include <atomic>
#include <climits>
#include <new>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

TEST_F(FileTest, WritersOfTwoMachinesDoNotTouchEachOthersTemporaryFiles) {
  void* const shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  std::atomic<int>* const rounds = new (shared) std::atomic<int>[2] {};
  const auto write = [&](int machine) {  // the n-th time both at once
    for (int n = 1; n <= 200; ++n) {
      rounds[machine] = n;
      while (rounds[1 - machine] < n) ::sched_yield();
      if (!write_file_durably(root_ + "/f", std::string(1000, static_cast<char>('a' + machine)))) {
        rounds[machine] = INT_MAX;
        return 1;
      }
    }
    return 0;
  };
  // In a process namespace of its own each writer has number 1, as it may have on two machines.
  constexpr int kNotAllowed = 77;
  pid_t machines[2];
  for (int machine : {0, 1}) {
    machines[machine] = ::fork();
    if (machines[machine] != 0) continue;
    rounds[machine] = INT_MAX;  // should it not come to writing
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(kNotAllowed);
    const pid_t writer = ::fork();
    if (writer == 0) ::_exit(write(machine));
    int status = 0;
    ::waitpid(writer, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
  }
  int codes[2];
  for (int machine : {0, 1}) {
    int status = 0;
    ::waitpid(machines[machine], &status, 0);
    codes[machine] = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  ::munmap(shared, 4096);
  if (codes[0] == kNotAllowed) GTEST_SKIP() << "a process namespace needs root";
  EXPECT_EQ(codes[0], 0);
  EXPECT_EQ(codes[1], 0);
  EXPECT_EQ(read_file(root_ + "/f")->size(), 1000U);
  EXPECT_EQ(list_directory(root_).value(), (std::vector<std::string>{"a", "f"}));
}

TEST_F(FileTest, NamesTheMissingFile) {
  const auto missing = read_file(root_ + "/nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find(root_ + "/nothing"), std::string::npos);
}

}  // namespace
}  // namespace longhaul
