#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

using testing::ElementsAre;

TEST(Launch, WaitsForEnoughNodesThenAsksForACheckpointThenLaunches) {
  Scenario s;
  s.start();
  EXPECT_EQ(s.done<StartAgent>().size(), 3u);
  s.connect("node-1");
  EXPECT_TRUE(s.done<FindRestore>().empty());
  s.connect("node-0");
  EXPECT_EQ(s.done<FindRestore>().size(), 1u);
  s.connect("node-2");
  EXPECT_TRUE(s.done<FindRestore>().empty()) << "asked for twice";
  s.on(RestoreFound{"/s/step-40", 40});
  const auto launch = s.done<LaunchRanks>();
  ASSERT_EQ(launch.size(), 1u);
  EXPECT_EQ(launch[0].generation, (Generation{1, 1}));
  EXPECT_EQ(launch[0].resume, "/s/step-40");
  ASSERT_EQ(launch[0].placements.size(), 4u);
  EXPECT_EQ(launch[0].placements[0].node, "node-0");
  EXPECT_EQ(launch[0].placements[3].node, "node-1");
  EXPECT_EQ(s.state.nodes["node-2"].status, NodeStatus::kSpare);
  EXPECT_EQ(s.status(), "launching");
}

TEST(Launch, BecomesTrainingWithTheFirstStepAndCompleteWhenAllRanksAreDone) {
  Scenario s;
  s.training();
  EXPECT_EQ(s.status(), "training");
  for (int rank = 0; rank < 4; ++rank) {
    s.on(RankDone{s.state.generation, rank, 100, rank == 0 ? "0123456789abcdef" : ""});
    s.exit(rank, 0);
  }
  EXPECT_EQ(s.status(), "completed");
  EXPECT_EQ(s.state.state_digest, "0123456789abcdef");
  EXPECT_EQ(s.done<ShutdownAgents>().size(), 1u);
  EXPECT_THAT(s.announced(), ElementsAre("run_started", "completed"));
}

TEST(Launch, TakesRanksThatLeaveWithoutBeingDoneForStoppedFromOutside) {
  Scenario s;
  s.training();
  for (int rank = 0; rank < 4; ++rank) s.exit(rank, 0);
  EXPECT_EQ(s.status(), "acquiring");
}

TEST(Launch, GivesUpOnALaunchThatNeverSteps) {
  Scenario s;
  s.launched();
  s.wait(s.policy.start_timeout_ms).on(DeadlinePassed{});
  EXPECT_EQ(s.status(), "recovering");
  ASSERT_EQ(s.done<StopAllRanks>().size(), 1u);
  EXPECT_TRUE(s.done<StopAllRanks>()[0].force);
}

TEST(Launch, DoesNotTakeAnUnreadableStoreForAnEmptyOne) {
  Scenario s;
  s.start().connect("node-0").connect("node-1").on(RestoreFailed{"input/output error"});
  EXPECT_EQ(s.status(), "acquiring");
  s.wait(500).on(DeadlinePassed{});
  EXPECT_TRUE(s.done<FindRestore>().empty());
  s.wait(600).on(DeadlinePassed{});
  EXPECT_EQ(s.done<FindRestore>().size(), 1u);
}

TEST(Launch, GoesOnWithARaisedTarget) {
  Scenario s;
  s.training();
  for (int rank = 0; rank < 4; ++rank) s.on(RankDone{s.state.generation, rank, 100, ""}).exit(rank, 0);
  ASSERT_EQ(s.status(), "completed");
  s.policy.target_steps = 200;
  s.on(DaemonStarted{2, 100});
  EXPECT_EQ(s.status(), "acquiring");
}

TEST(Launch, ALaunchThatFailedWhateverHappenedSinceLeavesNoRankToWaitFor) {
  Scenario s;
  s.launched();
  s.on(LaunchFailed{s.state.generation, "no space left"});
  EXPECT_EQ(s.status(), "acquiring");

  Scenario stopping;
  stopping.launched().on(OperatorCommand{"pause", "me", ""});
  ASSERT_EQ(stopping.status(), "draining");
  stopping.on(LaunchFailed{stopping.state.generation, "it was stopped before it began"});
  EXPECT_EQ(stopping.status(), "paused");
}

TEST(Launch, AnEmptyStoreAfterASaveIsNoNewRun) {
  Scenario s;
  s.training().on(CheckpointSaved{s.state.generation, 10, "/s/10", 1, 1, 1});
  for (int rank = 0; rank < 4; ++rank) s.exit(rank, -1, 9);
  s.on(RestoreFound{"", 0});
  EXPECT_EQ(s.status(), "acquiring");
  EXPECT_TRUE(s.done<LaunchRanks>().empty());
  s.wait(5000).on(DeadlinePassed{}).on(RestoreFound{"/s/10", 10});
  EXPECT_EQ(s.status(), "launching") << "the store came back";
}

TEST(Launch, AStoreWithNothingButDamageHalts) {
  Scenario s;
  s.start().connect("node-0").connect("node-1").on(RestoreFailed{"no checkpoint can be used", true});
  EXPECT_EQ(s.status(), "halted");
  s.on(DaemonStarted{2, 0, true});
  EXPECT_EQ(s.status(), "acquiring") << "its operator tries again";
}

}  // namespace
}  // namespace longhaul::daemon
