#include "daemon/agent/earlier_life.h"

#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/posix/child_process.h"
#include "base/posix/file.h"
#include "base/posix/process_table.h"
#include "daemon/agent/agent_messages.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

class EarlierLifeTest : public ::testing::Test {
 protected:
  RankRecords end(Spool& spool) {
    auto records = end_earlier_life(paths_, spool, 1);
    EXPECT_TRUE(records) << records.error().message;
    return *records;
  }
  static std::vector<int> reported(const Spool& spool) {
    std::vector<int> ranks;
    const auto entries = spool.read_from(0, 100, SIZE_MAX);
    for (const wire::SpoolEntry& entry : *entries)
      ranks.push_back(wire::parse_exit_report(*json::get_object(entry.report, "exit"))->rank);
    return ranks;
  }

  TemporaryFolder directory_;
  AgentPaths paths_ = agent_paths({"", "", directory_.path()}, "node-0", directory_.path());
  Spool spool_ = [this] {
    EXPECT_TRUE(make_agent_folders(paths_));
    return Spool::open(paths_.spool).value();
  }();
};

TEST_F(EarlierLifeTest, KillsWhatStillRunsAndReportsItWithItsLastWords) {
  ChildSpec spec;
  spec.argv = {"/bin/sleep", "60"};
  spec.own_session = true;
  auto rank = spawn_child(spec);
  ASSERT_TRUE(rank);
  ASSERT_TRUE(save_rank_records(paths_.rank_records,
                                {{2, 5}, {{{{2, 5}, 1}, rank->pid, process_info(rank->pid)->start_ticks}}}));
  ASSERT_TRUE(make_directories(paths_.logs + "/2.5"));
  ASSERT_TRUE(write_file_durably(paths_.logs + "/2.5/rank-1.err", "warning: hot\n"));
  const RankRecords after = end(spool_);
  EXPECT_EQ(after, (RankRecords{{2, 5}, {}}));
  EXPECT_EQ(*load_rank_records(paths_.rank_records), after);
  EXPECT_EQ(wait_child(rank->pid)->signal, SIGKILL);
  const auto entry = spool_.read_from(0, 1, SIZE_MAX)->front();
  const auto exit = *wire::parse_exit_report(*json::get_object(entry.report, "exit"));
  EXPECT_EQ(exit.generation, "2.5");
  EXPECT_EQ(exit.pid, rank->pid);
  EXPECT_EQ(exit.exit_code, -1);
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_FALSE(exit.asked);
  EXPECT_EQ(exit.last_stderr, "warning: hot\n");
}

TEST_F(EarlierLifeTest, ReportsEachRankOnceWhereverAnAgentDied) {
  const RankRecords records{{2, 5}, {{{{2, 5}, 0}, 0, 0}, {{{2, 5}, 1}, 0, 0}}};
  // Died between writing rank 0's exit and forgetting the rank.
  ASSERT_TRUE(save_rank_records(paths_.rank_records, records));
  ASSERT_TRUE(spool_.append(1, exit_report_text(RecordExit{{{2, 5}, 0}, 9, 3, 0, false, ""}, "")));
  end(spool_);
  EXPECT_EQ(reported(spool_), (std::vector<int>{0, 1}));
  // Died again between writing both and saving the records.
  ASSERT_TRUE(save_rank_records(paths_.rank_records, records));
  end(spool_);
  end(spool_);
  EXPECT_EQ(reported(spool_), (std::vector<int>{0, 1}));
}

TEST_F(EarlierLifeTest, ANewNodeHasNothingToTell) {
  EXPECT_EQ(end(spool_), RankRecords{});
  EXPECT_EQ(spool_.next_seq(), 1);
}

}  // namespace
}  // namespace longhaul::daemon
