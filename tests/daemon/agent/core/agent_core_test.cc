#include "daemon/agent/core/agent_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Actions as short texts: "start 3.1", "term 3.1/0", "kill 3.1/0", "exit 3.1/0 code -1 signal 9 asked", …
std::string text(const RankId& id) { return id.generation.text() + "/" + std::to_string(id.rank); }
std::string text(const RememberDaemon& a) { return "remember " + std::to_string(a.term) + " " + a.uuid; }
std::string text(const StartRanks& a) { return "start " + a.launch.generation.text(); }
std::string text(const TerminateRank& a) { return "term " + text(a.id); }
std::string text(const KillRank& a) { return "kill " + text(a.id); }
std::string text(const TellRank& a) { return "tell " + text(a.id) + " " + a.command; }
std::string text(const Leave&) { return "leave"; }
std::string text(const RecordExit& a) {
  return "exit " + text(a.id) + " code " + std::to_string(a.exit_code) + " signal " +
         std::to_string(a.signal) + (a.asked ? " asked" : "") + (a.note.empty() ? "" : ": " + a.note);
}
std::vector<std::string> texts(const AgentActions& actions) {
  std::vector<std::string> list;
  for (const AgentAction& action : actions)
    list.push_back(std::visit([](const auto& a) { return text(a); }, action));
  return list;
}

class AgentCoreTest : public ::testing::Test {
 protected:
  AgentCoreTest() { EXPECT_FALSE(core_.meet_daemon(3, "uuid").refusal); }

  LaunchCommand launch(int64_t sequence, std::vector<int> ranks = {0, 1}) {
    LaunchCommand c;
    c.id = "launch-" + std::to_string(next_id_++);
    c.term = 3;
    c.generation = Generation{3, sequence};
    c.world_size = 8;
    for (const int rank : ranks) c.ranks.push_back(RankPlace{rank, rank});
    return c;
  }
  StopCommand stop(int64_t sequence, bool force, int64_t grace_ms = 100) {
    return StopCommand{"stop-" + std::to_string(next_id_++), 3, Generation{3, sequence}, force, grace_ms};
  }
  // What the shell does with a StartRanks that works.
  void run(int64_t sequence, std::vector<int> ranks = {0, 1}) {
    EXPECT_THAT(texts(core_.handle(launch(sequence, ranks), 0).actions),
                ElementsAre("start 3." + std::to_string(sequence)));
    started(sequence, ranks);
  }
  void started(int64_t sequence, const std::vector<int>& ranks = {0, 1}) {
    for (const int rank : ranks) core_.rank_started(RankId{{3, sequence}, rank}, 1000 + sequence * 10 + rank);
  }
  static RankId id(int64_t sequence, int rank) { return RankId{{3, sequence}, rank}; }

  int next_id_ = 0;
  AgentCore core_{AgentLimits{10'000, 500, 4}, AgentMemory{}, 0};
};

TEST_F(AgentCoreTest, RemembersANewerDaemonBeforeItObeysIt) {
  EXPECT_THAT(texts(core_.meet_daemon(4, "newer").actions), ElementsAre("remember 4 newer"));
  EXPECT_THAT(texts(core_.meet_daemon(4, "newer").actions), IsEmpty());
}

TEST_F(AgentCoreTest, RefusesALowerTermAndASecondDaemonOfOneTerm) {
  EXPECT_TRUE(core_.meet_daemon(2, "older").refusal);
  EXPECT_TRUE(core_.meet_daemon(3, "impostor").refusal);
  EXPECT_TRUE(core_.meet_daemon(0, "").refusal);
  EXPECT_FALSE(core_.meet_daemon(3, "uuid").refusal);
  EXPECT_EQ(core_.refused(), 3);
}

TEST_F(AgentCoreTest, RefusesACommandOfAnotherTermWhateverItIs) {
  run(2);
  for (const int64_t term : {2, 4}) {
    LaunchCommand late = launch(9);
    late.term = term;
    StopCommand late_stop = stop(9, true);
    late_stop.term = term;
    EXPECT_TRUE(core_.handle(late, 0).refusal);
    EXPECT_TRUE(core_.handle(late_stop, 0).refusal);
    EXPECT_TRUE(core_.handle(TellCommand{"t", term, {3, 2}, "checkpoint"}, 0).refusal);
    EXPECT_TRUE(core_.handle(ShutdownCommand{"q", term}, 0).refusal);
  }
  EXPECT_EQ(core_.refused(), 8);
  EXPECT_EQ(core_.memory().newest, (Generation{3, 2}));
}

TEST_F(AgentCoreTest, RefusesWhatNamesAnOlderGeneration) {
  run(2);
  EXPECT_TRUE(core_.handle(launch(1), 0).refusal);
  EXPECT_TRUE(core_.handle(launch(2), 0).refusal);  // a generation is launched once
  EXPECT_TRUE(core_.handle(stop(1, true), 0).refusal);
  EXPECT_TRUE(core_.handle(TellCommand{"t", 3, {3, 1}, "checkpoint"}, 0).refusal);
  EXPECT_EQ(core_.refused(), 4);
}

TEST_F(AgentCoreTest, ObeysACommandOnceAndStaysSilentWhenItComesAgain) {
  const LaunchCommand command = launch(1);
  EXPECT_THAT(texts(core_.handle(command, 0).actions), ElementsAre("start 3.1"));
  const AgentOutcome again = core_.handle(command, 0);
  EXPECT_TRUE(again.duplicate);
  EXPECT_FALSE(again.refusal);
  EXPECT_THAT(again.actions, IsEmpty());
}

TEST_F(AgentCoreTest, RemembersABoundedNumberOfIds) {
  run(1);
  const TellCommand first{"first", 3, {3, 1}, "checkpoint"};
  EXPECT_FALSE(core_.handle(first, 0).duplicate);
  EXPECT_TRUE(core_.handle(first, 0).duplicate);
  for (int i = 0; i < 4; ++i) core_.handle(TellCommand{"t" + std::to_string(i), 3, {3, 1}, "checkpoint"}, 0);
  EXPECT_FALSE(core_.handle(first, 0).duplicate);  // limit 4: forgotten
}

TEST_F(AgentCoreTest, RefusesALaunchWithImpossibleRanks) {
  EXPECT_TRUE(core_.handle(launch(1, {0, 0}), 0).refusal);
  EXPECT_TRUE(core_.handle(launch(1, {8}), 0).refusal);
  EXPECT_TRUE(core_.handle(launch(1, {-1}), 0).refusal);
}

TEST_F(AgentCoreTest, ANewLaunchWaitsUntilTheLastOlderRankIsReaped) {
  run(1);
  EXPECT_THAT(texts(core_.handle(launch(2), 0).actions), ElementsAre("kill 3.1/0", "kill 3.1/1"));
  EXPECT_THAT(texts(core_.rank_exited(id(1, 0), -1, 9)), ElementsAre("exit 3.1/0 code -1 signal 9 asked"));
  EXPECT_THAT(texts(core_.rank_exited(id(1, 1), -1, 9)),
              ElementsAre("exit 3.1/1 code -1 signal 9 asked", "start 3.2"));
}

TEST_F(AgentCoreTest, AStopReachesALaunchThatStillWaits) {
  run(1);
  core_.handle(launch(2), 0);
  EXPECT_THAT(texts(core_.handle(stop(2, true), 0).actions),
              ElementsAre("exit 3.2/0 code -1 signal 0 asked: stopped before it started",
                          "exit 3.2/1 code -1 signal 0 asked: stopped before it started"));
  core_.rank_exited(id(1, 0), -1, 9);
  EXPECT_THAT(texts(core_.rank_exited(id(1, 1), -1, 9)), ElementsAre("exit 3.1/1 code -1 signal 9 asked"));
}

TEST_F(AgentCoreTest, NothingUpToAStoppedGenerationStartsAnyMore) {
  EXPECT_FALSE(core_.handle(stop(5, true), 0).refusal);
  EXPECT_TRUE(core_.handle(launch(4), 0).refusal);
  EXPECT_TRUE(core_.handle(launch(5), 0).refusal);
  EXPECT_FALSE(core_.handle(launch(6), 0).refusal);
}

TEST_F(AgentCoreTest, StopsWithGraceThenKills) {
  run(1);
  EXPECT_THAT(texts(core_.handle(stop(1, false, 100), 1000).actions),
              ElementsAre("term 3.1/0", "term 3.1/1"));
  EXPECT_EQ(core_.next_due(), 1100);
  EXPECT_THAT(texts(core_.rank_exited(id(1, 0), 0, 0)), ElementsAre("exit 3.1/0 code 0 signal 0 asked"));
  EXPECT_THAT(core_.due(1099), IsEmpty());
  EXPECT_THAT(texts(core_.due(1100)), ElementsAre("kill 3.1/1"));
  EXPECT_THAT(core_.due(1200), IsEmpty());  // once is enough
  EXPECT_THAT(texts(core_.rank_exited(id(1, 1), -1, 9)), ElementsAre("exit 3.1/1 code -1 signal 9 asked"));
}

TEST_F(AgentCoreTest, ASecondStopOnlyShortensTheGrace) {
  run(1, {0});
  core_.handle(stop(1, false, 100), 1000);
  EXPECT_THAT(core_.handle(stop(1, false, 5000), 1010).actions, IsEmpty());
  EXPECT_EQ(core_.next_due(), 1100);
  EXPECT_THAT(texts(core_.handle(stop(1, true), 1020).actions), ElementsAre("kill 3.1/0"));
}

TEST_F(AgentCoreTest, AnExitNobodyAskedForSaysSo) {
  run(1);
  EXPECT_THAT(texts(core_.rank_exited(id(1, 0), 3, 0)), ElementsAre("exit 3.1/0 code 3 signal 0"));
  EXPECT_THAT(core_.rank_exited(id(1, 0), 3, 0), IsEmpty());  // an exit is told once
}

TEST_F(AgentCoreTest, ARankThatCannotStartIsAnExitWithTheReason) {
  core_.handle(launch(1), 0);
  EXPECT_THAT(texts(core_.rank_failed(id(1, 0), "no such file")),
              ElementsAre("exit 3.1/0 code -1 signal 0: no such file"));
  core_.rank_started(id(1, 1), 77);
  EXPECT_EQ(core_.find_pid(77), id(1, 1));
}

TEST_F(AgentCoreTest, TellsOnlyRunningRanksOfThatGeneration) {
  run(1);
  core_.rank_exited(id(1, 1), 0, 0);
  EXPECT_THAT(texts(core_.handle(TellCommand{"t", 3, {3, 1}, "checkpoint"}, 0).actions),
              ElementsAre("tell 3.1/0 checkpoint"));
  EXPECT_THAT(core_.handle(TellCommand{"u", 3, {3, 2}, "checkpoint"}, 0).actions, IsEmpty());
}

TEST_F(AgentCoreTest, AloneForTooLongItStopsItsRanksAndLeaves) {
  run(1, {0});
  EXPECT_EQ(core_.next_due(), std::nullopt);
  core_.daemon_lost(1000);
  core_.daemon_lost(5000);  // still the same silence
  EXPECT_EQ(core_.next_due(), 11'000);
  EXPECT_THAT(core_.due(10'999), IsEmpty());
  EXPECT_THAT(texts(core_.due(11'000)), ElementsAre("term 3.1/0"));
  EXPECT_THAT(texts(core_.due(11'500)), ElementsAre("kill 3.1/0"));
  EXPECT_TRUE(core_.handle(launch(2), 0).refusal) << "found too late: a new agent takes the ranks";
  EXPECT_THAT(texts(core_.rank_exited(id(1, 0), -1, 9)),
              ElementsAre("exit 3.1/0 code -1 signal 9 asked", "leave"));
  EXPECT_EQ(core_.next_due(), std::nullopt);
}

TEST_F(AgentCoreTest, AloneForTooLongWithoutRanksItLeavesAtOnce) {
  core_.daemon_lost(1000);
  EXPECT_THAT(texts(core_.due(11'000)), ElementsAre("leave"));
  EXPECT_THAT(core_.due(12'000), IsEmpty());
}

TEST_F(AgentCoreTest, ADaemonInTimeEndsTheSilence) {
  run(1, {0});
  core_.daemon_lost(1000);
  core_.meet_daemon(4, "next");
  EXPECT_THAT(core_.due(60'000), IsEmpty());
}

TEST_F(AgentCoreTest, ShutdownKillsThenLeavesAndLaunchesNothingMore) {
  run(1);
  EXPECT_THAT(texts(core_.handle(ShutdownCommand{"q", 3}, 0).actions),
              ElementsAre("kill 3.1/0", "kill 3.1/1"));
  EXPECT_TRUE(core_.handle(launch(2), 0).refusal);
  core_.rank_exited(id(1, 0), -1, 9);
  EXPECT_THAT(texts(core_.rank_exited(id(1, 1), -1, 9)),
              ElementsAre("exit 3.1/1 code -1 signal 9 asked", "leave"));
}

TEST_F(AgentCoreTest, AskedToEndItGivesRanksTheirGrace) {
  EXPECT_THAT(texts(core_.terminate(0)), ElementsAre("leave"));
}

TEST_F(AgentCoreTest, AskedToEndWhileRanksRunItTerminatesThemFirst) {
  run(1, {0});
  EXPECT_THAT(texts(core_.terminate(1000)), ElementsAre("term 3.1/0"));
  EXPECT_THAT(texts(core_.due(1500)), ElementsAre("kill 3.1/0"));
  EXPECT_THAT(texts(core_.rank_exited(id(1, 0), -1, 9)),
              ElementsAre("exit 3.1/0 code -1 signal 9 asked", "leave"));
}

TEST_F(AgentCoreTest, ShowsLiveRanksAndTheExitedOnesOfTheNewestGeneration) {
  run(1);
  core_.rank_reported(id(1, 0), "train", 7);
  core_.rank_reported(id(1, 0), "", 8);
  core_.rank_exited(id(1, 1), 75, 0);
  core_.handle(launch(2), 0);  // 3.1/0 is being killed, 3.1/1 is history
  const auto ranks = core_.ranks();
  ASSERT_EQ(ranks.size(), 3u);
  EXPECT_EQ(ranks[0].id, id(1, 0));
  EXPECT_EQ(ranks[0].state, ProcessState::kRunning);
  EXPECT_EQ(ranks[0].phase, "train");
  EXPECT_EQ(ranks[0].step, 8);
  EXPECT_EQ(ranks[1].id, id(2, 0));
  EXPECT_EQ(ranks[1].state, ProcessState::kStarting);
}

}  // namespace
}  // namespace longhaul::daemon
