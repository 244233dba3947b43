#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

TEST(Progress, DistrustsTheCheckpointsThatRanksRejected) {
  Scenario s;
  s.launched(20);
  s.on(RanksRestored{
      s.state.generation, 10, 20, "/s/step-10", {"/s/step-20"}, {"block 3 of rank-00001 differs"}});
  ASSERT_EQ(s.done<DistrustCheckpoint>().size(), 1u);
  EXPECT_EQ(s.done<DistrustCheckpoint>()[0].path, "/s/step-20");
  EXPECT_THAT(s.announced(), testing::Contains("checkpoint_rejected"));
}

TEST(Progress, ACheckpointThatCouldNotBeReadIsAnnouncedAndNotDistrusted) {
  Scenario s;
  s.launched(20);
  s.on(RanksRestored{s.state.generation,
                     10,
                     20,
                     "/s/step-10",
                     {"/s/step-20", "/s/step-15"},
                     {"rank 1: the file is missing", "block 3 differs"},
                     {"/s/step-20"}});
  ASSERT_EQ(s.done<DistrustCheckpoint>().size(), 1u);
  EXPECT_EQ(s.done<DistrustCheckpoint>()[0].path, "/s/step-15");
  const auto told = s.done<Announce>();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].kind, "checkpoint_rejected");
  EXPECT_EQ(told[0].severity, "recovered");
  EXPECT_THAT(told[0].title, testing::HasSubstr("could not be read"));
  EXPECT_EQ(told[1].severity, "error");
}

TEST(Progress, ASecondReportOfTheSameRestoreCountsNothingTwice) {
  Scenario s;
  s.training(10);
  for (int rank = 0; rank < 4; ++rank) s.exit(rank, -1, 9, rank > 0, 14);
  s.on(RestoreFound{"/s/step-10", 10});
  const RanksRestored restored{s.state.generation, 10, 14, "", {}, {}};
  s.on(restored).on(restored);
  EXPECT_EQ(s.state.lost_steps, 4);
  s.on(FirstStep{s.state.generation, 11}).on(restored);
  EXPECT_EQ(s.state.lost_steps, 4);
  EXPECT_EQ(s.status(), "training");
}

TEST(Progress, ACheckpointGivesARestartBackAndIsAnnouncedOnce) {
  Scenario s;
  s.training();
  s.state.budget = 3;
  const CheckpointSaved saved{s.state.generation, 10, "/s/10", 5, 4, 3};
  s.on(saved).on(saved);
  EXPECT_EQ(s.state.budget, 4);
  EXPECT_EQ(s.state.last_checkpoint->step, 10);
  EXPECT_THAT(s.announced(), testing::ElementsAre("run_started", "checkpoint_saved"));
  EXPECT_EQ(s.state.last_checkpoint->duration_ms, 4);
  EXPECT_EQ(s.state.last_checkpoint->stall_ms, 3);
}

TEST(Progress, AFailedSaveIsToldOncePerReasonUntilASaveSucceeds) {
  Scenario s;
  s.training(9);
  const Generation g = s.state.generation;
  for (const int64_t step : {10, 20, 30})
    s.on(CheckpointFailed{g, step, "write /s/step-" + std::to_string(step) + ": No space left on device"});
  s.on(CheckpointFailed{g, 40, "write /s/step-40: Input/output error"});
  s.on(CheckpointFailed{g, 50, "write /s/step-50: No space left on device"});
  EXPECT_THAT(s.announced(), testing::ElementsAre("run_started", "checkpoint_failed", "checkpoint_failed"));
  EXPECT_EQ(s.of<Announce>(s.all).back().step, 40);
  EXPECT_EQ(s.of<Announce>(s.all).back().severity, "error");
  EXPECT_EQ(s.state.highest_step, 50);
  s.on(CheckpointSaved{g, 60, "/s/60", 5, 4, 3});
  s.on(CheckpointFailed{g, 70, "write /s/step-70: No space left on device"});
  EXPECT_THAT(s.announced(), testing::ElementsAre("run_started", "checkpoint_failed", "checkpoint_failed",
                                                  "checkpoint_saved", "checkpoint_failed"));
  s.on(CheckpointFailed{{g.term, g.sequence - 1}, 80, "of ranks that are gone"});
  EXPECT_EQ(s.of<Announce>(s.all).back().step, 70);
}

}  // namespace
}  // namespace longhaul::daemon
