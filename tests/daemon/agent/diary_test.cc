#include "daemon/agent/diary.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FixedClock final : public Clock {
 public:
  int64_t wall_ms() const override { return 42; }
  int64_t steady_ms() const override { return 0; }
};

class DiaryTest : public ::testing::Test {
 protected:
  std::vector<int64_t> send() {
    std::vector<int64_t> list;
    while (const auto batch = diary_.next_batch())
      for (const wire::SpoolEntry& entry : batch->entries) list.push_back(entry.seq);
    return list;
  }

  TemporaryFolder directory_;
  std::string path_ = directory_.path() + "/entries.jsonl";
  FixedClock clock_;
  std::vector<int> written_;
  Diary diary_{std::move(*Spool::open(path_)), clock_,
               [this](const RankId& id) { written_.push_back(id.rank); }};
};

TEST_F(DiaryTest, SendsOnceAndAgainFromTheAcknowledgedAfterAWelcome) {
  for (int i = 0; i < 5; ++i) diary_.add("{}");
  diary_.welcome(0, 0);
  EXPECT_THAT(send(), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(send(), IsEmpty());
  diary_.acknowledge(3);
  EXPECT_FALSE(diary_.all_told());
  diary_.welcome(3, 5);
  EXPECT_THAT(send(), ElementsAre(4, 5));
  diary_.acknowledge(5);
  EXPECT_TRUE(diary_.all_told());
}

TEST_F(DiaryTest, SplitsALongBacklogIntoBatchesWithinTheWindow) {
  for (int i = 0; i < 3000; ++i) diary_.add("{}");
  diary_.welcome(0, 0);
  std::vector<size_t> sizes;
  while (const auto batch = diary_.next_batch()) sizes.push_back(batch->entries.size());
  EXPECT_THAT(sizes, ElementsAre(256, 256, 256, 256));
  diary_.acknowledge(256);
  EXPECT_EQ(diary_.next_batch()->entries.front().seq, 1025);
}

TEST_F(DiaryTest, OnADiskThatForgotItGoesOnAfterWhatTheDaemonHas) {
  diary_.add(R"({"new":1})");
  diary_.welcome(900, 903);  // the last three were decided upon, and not yet acknowledged
  const auto batch = diary_.next_batch();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->entries.front().seq, 904);
  EXPECT_EQ(json::to_text(batch->entries.front().report), R"({"new":1})");
}

TEST_F(DiaryTest, WhileTheDiskIsFullEntriesWaitInMemoryInOrder) {
  diary_.add(R"({"first":1})");
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{static_cast<rlim_t>(read_file(path_)->size()), old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  diary_.add(R"({"exit":{}})", RankId{{1, 1}, 3});
  diary_.add(R"({"third":1})");
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_THAT(written_, IsEmpty());  // not on the disk: the next life must report it
  diary_.welcome(0, 0);
  EXPECT_THAT(send(), ElementsAre(1));
  EXPECT_FALSE(diary_.all_told());
  diary_.retry_writing();
  EXPECT_THAT(written_, ElementsAre(3));
  EXPECT_THAT(send(), ElementsAre(2, 3));
}

}  // namespace
}  // namespace longhaul::daemon
