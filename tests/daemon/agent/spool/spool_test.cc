#include "daemon/agent/spool/spool.h"

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

using ::testing::ElementsAre;

class SpoolTest : public ::testing::Test {
 protected:
  Spool open() {
    auto spool = Spool::open(path_);
    EXPECT_TRUE(spool) << spool.error().message;
    return std::move(*spool);
  }
  static std::vector<int64_t> sequence(const Spool& spool, int64_t from = 0) {
    std::vector<int64_t> list;
    const auto entries = spool.read_from(from, 1'000'000, SIZE_MAX);
    EXPECT_TRUE(entries) << entries.error().message;
    for (const wire::SpoolEntry& entry : *entries) list.push_back(entry.seq);
    return list;
  }
  void append_raw(const std::string& bytes) {
    std::ofstream(path_, std::ios::app | std::ios::binary) << bytes;
  }
  int64_t size() { return static_cast<int64_t>(read_file(path_)->size()); }

  TemporaryFolder directory_;
  std::string path_ = directory_.path() + "/entries.jsonl";
};

TEST_F(SpoolTest, GivesBackWhatWasAppendedAlsoAfterOpeningAgain) {
  {
    Spool spool = open();
    EXPECT_EQ(spool.append(111, R"({"step":1})"), 1);
    EXPECT_EQ(spool.append(222, R"({"step":2,"text":"a\nb"})"), 2);
  }
  const Spool spool = open();
  const auto entries = spool.read_from(2, 10, SIZE_MAX);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ((*entries)[0].seq, 2);
  EXPECT_EQ((*entries)[0].at_ms, 222);
  EXPECT_EQ(json::to_text((*entries)[0].report), R"({"step":2,"text":"a\nb"})");
  EXPECT_EQ(spool.first_seq(), 1);
  EXPECT_EQ(spool.next_seq(), 3);
}

TEST_F(SpoolTest, CutsATornLastLineAndGivesItsNumberOutAgain) {
  open().append(1, "{}").value();
  const int64_t whole = size();
  for (const std::string& torn :
       std::vector<std::string>{"{\"seq\":2,\"at_ms\":1,\"rep", "{", std::string(100, '\0')}) {
    append_raw(torn);
    Spool spool = open();
    EXPECT_EQ(spool.next_seq(), 2);
    EXPECT_EQ(size(), whole);
  }
  append_raw(std::string(4096, '\0'));  // blocks that a power cut left empty
  Spool spool = open();
  EXPECT_EQ(spool.append(1, "{}"), 2);
  EXPECT_THAT(sequence(open()), ElementsAre(1, 2));
}

TEST_F(SpoolTest, AnEmptyFileIsANewSpool) {
  append_raw("");
  Spool spool = open();
  EXPECT_EQ(spool.append(1, "{}"), 1);
  EXPECT_THAT(sequence(open()), ElementsAre(1));
}

TEST_F(SpoolTest, LeavesOutALineThatIsDamagedAndKeepsTheRest) {
  Spool spool = open();
  for (int i = 0; i < 3; ++i) spool.append(1, "{}").value();
  std::string text = *read_file(path_);
  text[text.find("\"seq\":2")] = '?';
  ASSERT_TRUE(write_file_durably(path_, text));
  const Spool again = open();
  EXPECT_EQ(again.dropped_lines(), 1);
  EXPECT_THAT(sequence(again), ElementsAre(1, 3));
  EXPECT_EQ(again.next_seq(), 4);
}

TEST_F(SpoolTest, ABatchIsLimitedInEntriesAndBytesButNeverEmpty) {
  Spool spool = open();
  for (int i = 0; i < 10; ++i) spool.append(1, "{\"text\":\"" + std::string(1000, 'x') + "\"}").value();
  EXPECT_EQ(spool.read_from(1, 4, SIZE_MAX)->size(), 4u);
  EXPECT_EQ(spool.read_from(1, 100, 3500)->size(), 3u);
  EXPECT_EQ(spool.read_from(1, 100, 1)->size(), 1u);
  EXPECT_EQ(spool.read_from(11, 100, SIZE_MAX)->size(), 0u);
}

TEST_F(SpoolTest, TrimmingKeepsTheRestAndNeverRestartsTheNumbers) {
  Spool spool = open();
  const std::string report = "{\"text\":\"" + std::string(10'000, 'x') + "\"}";
  for (int i = 0; i < 300; ++i) spool.append(1, report).value();
  ASSERT_TRUE(spool.acknowledge(250));
  EXPECT_LT(size(), 60 * 10'100);
  EXPECT_EQ(sequence(spool).front(), 251);
  EXPECT_EQ(spool.append(1, "{}"), 301);
  EXPECT_EQ(sequence(open()).front(), 251);
  EXPECT_EQ(sequence(open()).back(), 301);

  for (int i = 0; i < 200; ++i) spool.append(1, report).value();
  ASSERT_TRUE(spool.acknowledge(501));  // all of it
  EXPECT_LT(size(), 100);
  Spool again = open();
  EXPECT_EQ(again.first_seq(), 502);
  EXPECT_EQ(again.append(1, "{}"), 502);
}

TEST_F(SpoolTest, OnANewDiskWhatWaitsGetsNumbersTheDaemonDoesNotKnow) {
  Spool spool = open();
  spool.append(5, R"({"a":1})").value();
  spool.append(6, R"({"b":2})").value();
  ASSERT_TRUE(spool.skip_to(501));
  EXPECT_THAT(sequence(spool), ElementsAre(501, 502));
  EXPECT_EQ(spool.append(7, "{}"), 503);
  EXPECT_THAT(sequence(open()), ElementsAre(501, 502, 503));
  EXPECT_EQ(json::to_text(spool.read_from(502, 1, SIZE_MAX)->front().report), R"({"b":2})");
}

// A writer that is killed at any instant: what it confirmed (through a pipe, after append returned) is there.
TEST_F(SpoolTest, AKilledWriterLosesNothingItConfirmed) {
  int64_t confirmed = 0;
  for (int life = 0; life < 20; ++life) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t writer = ::fork();
    if (writer == 0) {
      auto spool = Spool::open(path_);
      for (;;) {
        const auto seq = spool->append(1, "{\"text\":\"" + std::string(200, 'x') + "\"}");
        if (!seq || ::write(ends[1], &*seq, sizeof *seq) != sizeof *seq) ::_exit(1);
        if (*seq % 100 == 0 && !spool->acknowledge(*seq - 20)) ::_exit(1);
      }
    }
    ::close(ends[1]);
    int64_t seq = 0;
    const int64_t goal = confirmed + 50 + life * 37;
    while (seq < goal && ::read(ends[0], &seq, sizeof seq) == sizeof seq) {
      EXPECT_EQ(seq, confirmed + 1);
      confirmed = seq;
    }
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
    while (::read(ends[0], &seq, sizeof seq) == sizeof seq) confirmed = seq;
    ::close(ends[0]);

    const Spool spool = open();
    EXPECT_EQ(spool.dropped_lines(), 0);
    // One more may have been written and not confirmed.
    ASSERT_GE(spool.next_seq(), confirmed + 1);
    ASSERT_LE(spool.next_seq(), confirmed + 2);
    const auto list = sequence(spool);
    for (size_t i = 0; i < list.size(); ++i) ASSERT_EQ(list[i], spool.first_seq() + static_cast<int64_t>(i));
    confirmed = spool.next_seq() - 1;
  }
}

TEST_F(SpoolTest, AFullDiskIsAnErrorThatLeavesNoHalfLineBehind) {
  Spool spool = open();
  spool.append(1, "{}").value();
  // A file size limit stands for the full disk: the first half of the line fits.
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{static_cast<rlim_t>(size() + 100), old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const auto failed = spool.append(1, "{\"text\":\"" + std::string(1000, 'x') + "\"}");
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_FALSE(failed);
  EXPECT_EQ(spool.append(2, R"({"after":1})"), 2);
  EXPECT_THAT(sequence(open()), ElementsAre(1, 2));
}

}  // namespace
}  // namespace longhaul::daemon
