#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Recover, RestartsOnlyWhenEveryRankIsKnownToBeGone) {
  Scenario s;
  s.training();
  s.exit(2, -1, 9, false, 37);
  EXPECT_EQ(s.status(), "recovering");
  ASSERT_EQ(s.done<StopAllRanks>().size(), 1u);
  EXPECT_THAT(s.announced(), Contains("rank_died"));
  s.exit(0, -1, 9, true).exit(1, -1, 9, true);
  EXPECT_EQ(s.status(), "recovering");
  s.exit(3, -1, 9, true);
  EXPECT_EQ(s.status(), "acquiring");
  EXPECT_EQ(s.done<FindRestore>().size(), 1u);
  s.on(RestoreFound{"/s/step-30", 30});
  EXPECT_EQ(s.state.generation, (Generation{1, 2}));
  EXPECT_EQ(s.state.restarts(), 1);
  s.on(RanksRestored{s.state.generation, 30, 37, "/s/step-30", {}, {}});
  EXPECT_EQ(s.state.lost_steps, 7);
  s.wait(2500).on(FirstStep{s.state.generation, 31});
  const auto told = s.done<Announce>();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, "restored");
  EXPECT_EQ(told[0].severity, "recovered");
  EXPECT_EQ(told[0].lost_steps, 7);
  EXPECT_EQ(told[0].cost_s, 2.5);
  EXPECT_TRUE(s.state.catching_up);
  s.on(CaughtUp{s.state.generation, 38});
  EXPECT_FALSE(s.state.catching_up);
}

TEST(Recover, IgnoresTheDeadOfAnOlderGeneration) {
  Scenario s;
  s.training();
  const Generation first = s.state.generation;
  s.exit(0, -1, 9).exit(1, -1, 9).exit(2, -1, 9).exit(3, -1, 9).on(RestoreFound{"", 0});
  s.on(RankExited{first, 1, "node-0", -1, 9, true, 0, ""});
  EXPECT_EQ(s.status(), "launching");
}

TEST(Recover, AFailureBeforeTheNextStepIsNotTakenForTheOneBeforeIt) {
  Scenario s;
  s.training();
  s.exit(2, 3, 0, false, 37);  // of its own: the same again at this step would halt the run
  for (const int rank : {0, 1, 3}) s.exit(rank, -1, 9, true);
  s.wait(1000).on(RestoreFound{"/s/step-30", 30});
  s.on(RanksRestored{s.state.generation, 30, 37, "/s/step-30", {}, {}});
  s.exit(1, -1, 9);  // and now somebody kills a rank
  EXPECT_EQ(s.announced().back(), "rank_died");
  for (const int rank : {0, 2, 3}) s.exit(rank, -1, 9, true);
  ASSERT_EQ(s.status(), "acquiring") << s.state.halt_reason;
  s.wait(1000).on(DeadlinePassed{}).on(RestoreFound{"/s/step-30", 30});
  s.on(RanksRestored{s.state.generation, 30, 37, "/s/step-30", {}, {}});
  s.wait(1000).on(FirstStep{s.state.generation, 31});
  EXPECT_EQ(s.done<Announce>().at(0).cost_s, 3.0) << "from the first failure on";
}

TEST(Recover, BlamesTheDeathBehindTheLostPeers) {
  Scenario s;
  s.training();
  s.exit(0, 75);  // rank 0 noticed first that rank 3 is gone
  EXPECT_EQ(testing::Value(s.announced(), Contains("peer_lost")), false);
  s.exit(1, 75).exit(3, -1, 11).exit(2, 75);
  const auto told = s.of<Announce>(s.all);
  ASSERT_EQ(told.back().kind, "rank_died");
  EXPECT_THAT(told.back().detail, HasSubstr("Rank 3 on node-1: signal 11"));
}

TEST(Recover, HaltsWhenTheSameFailureComesTwiceAtTheSameStep) {
  Scenario s;
  s.training(10);
  const auto fail_at_12 = [&] {
    s.exit(1, 3, 0, false, 12);
    for (const int other : {0, 2, 3}) s.exit(other, -1, 9, true, 12);
  };
  fail_at_12();
  EXPECT_EQ(s.status(), "acquiring");
  s.on(RestoreFound{"/s/step-10", 10})
      .on(RanksRestored{s.state.generation, 10, 12, "", {}, {}})
      .on(FirstStep{s.state.generation, 11});
  fail_at_12();
  EXPECT_EQ(s.status(), "halted");
  EXPECT_THAT(s.state.halt_reason, HasSubstr("the same failure twice at step 12"));
}

TEST(Recover, TheSameFailureAtAnotherStepOfTheRepetitionIsAnotherOne) {
  Scenario s;
  s.training(10);
  for (const int64_t at_step : {18, 13, 16}) {
    s.exit(1, 3, 0, false, 18, at_step);
    for (const int other : {0, 2, 3}) s.exit(other, -1, 9, true, 18);
    ASSERT_EQ(s.status(), "acquiring") << s.state.halt_reason;
    s.wait(60'000).on(DeadlinePassed{}).on(RestoreFound{"/s/step-10", 10});
    s.on(RanksRestored{s.state.generation, 10, 18, "", {}, {}}).on(FirstStep{s.state.generation, 11});
  }
}

TEST(Recover, FailuresAtAStepThatNobodyKnowsAreNotTheSame) {
  Scenario s;
  s.training(10);
  for (int round = 0; round < 3; ++round) {
    if (round % 2 == 0) {
      s.on(ProgressStalled{s.state.generation, 70'000, 60'000, "", std::nullopt});
    } else {  // a peer notices first, and then the cause is learned
      s.exit(0, 75, 0, false, 11);
    }
    s.on(RankExited{s.state.generation, 1, "node-0", 3, 0, false, 11, "", std::nullopt});
    for (int rank = 0; rank < 4; ++rank) s.exit(rank, -1, 9, true, 11);
    ASSERT_EQ(s.status(), "acquiring") << s.state.halt_reason;
    s.wait(60'000).on(DeadlinePassed{}).on(RestoreFound{"/s/step-10", 10});
    s.on(RanksRestored{s.state.generation, 10, 11, "", {}, {}}).on(FirstStep{s.state.generation, 11});
  }
}

TEST(Recover, NeverTakesSignalsForTheRunsOwnFault) {
  Scenario s;
  s.training(10);
  for (int round = 0; round < 5; ++round) {
    for (int rank = 0; rank < 4; ++rank) s.exit(rank, -1, 9, rank != 0, 12);
    ASSERT_EQ(s.status(), "acquiring") << s.state.halt_reason;
    s.wait(60'000).on(DeadlinePassed{}).on(RestoreFound{"/s/step-10", 10});
    ASSERT_EQ(s.status(), "launching");
    s.on(RanksRestored{s.state.generation, 10, 12, "", {}, {}}).on(FirstStep{s.state.generation, 11});
  }
}

TEST(Recover, NeverTakesAFailingStoreForTheRunsOwnFaultAndSaysThatItIsTheStore) {
  Scenario s;
  s.launched(10);
  for (int round = 0; round < 5; ++round) {
    for (int rank = 0; rank < 4; ++rank) s.exit(rank, 74, 0, rank != 0, 12);
    ASSERT_EQ(s.status(), "acquiring") << s.state.halt_reason;
    EXPECT_THAT(s.of<Announce>(s.all).back().detail, HasSubstr("the store could not be read"));
    s.wait(60'000).on(DeadlinePassed{}).on(RestoreFound{"/s/step-10", 10});
    ASSERT_EQ(s.status(), "launching");
  }
}

TEST(Recover, WaitsLongerEachTimeUntilTheBudgetIsGoneAndEarnsItBackWithProgress) {
  Scenario s;
  s.policy.restart_budget = 4;
  s.training();
  std::vector<int64_t> waits;
  while (s.status() != "halted") {
    for (int rank = 0; rank < 4; ++rank) s.exit(rank, -1, 9);
    if (s.status() != "acquiring") break;
    waits.push_back(std::max<int64_t>(0, s.state.retry_at_ms - s.now_ms));
    s.wait(waits.back()).on(DeadlinePassed{}).on(RestoreFound{"", 0});
    ASSERT_LT(waits.size(), 20u);
  }
  EXPECT_EQ(waits, (std::vector<int64_t>{0, 200, 400, 800}));
  EXPECT_THAT(s.state.halt_reason, HasSubstr("budget"));

  Scenario with_progress;
  with_progress.policy.restart_budget = 4;
  with_progress.training();
  for (int round = 0; round < 12; ++round) {
    for (int rank = 0; rank < 4; ++rank) with_progress.exit(rank, -1, 9);
    ASSERT_EQ(with_progress.status(), "acquiring");
    with_progress.on(RestoreFound{"", 0}).on(FirstStep{with_progress.state.generation, round + 2});
    with_progress.on(CaughtUp{with_progress.state.generation, round + 2});
    with_progress.on(
        CheckpointSaved{with_progress.state.generation, round + 2, "/s/" + std::to_string(round), 1, 1, 1});
  }
}

TEST(Recover, HaltsOnADamagedStoreAndOnRepeatedStepsThatDiffer) {
  Scenario s;
  s.launched(10);
  for (int rank = 0; rank < 4; ++rank) s.exit(rank, 5);
  EXPECT_EQ(s.status(), "halted");

  Scenario t;
  t.training().on(DigestMismatch{"m:1", 17, "loss 2.5 against 2.6"});
  EXPECT_EQ(t.status(), "halted");
  EXPECT_EQ(t.done<StopAllRanks>().size(), 1u);
}

TEST(Recover, RestartsAHungGroup) {
  Scenario s;
  s.training();
  s.on(ProgressStalled{s.state.generation, 61'000, 60'000, "train", 5});
  EXPECT_EQ(s.status(), "recovering");
  EXPECT_THAT(s.announced(), Contains("hang"));
}

TEST(Recover, RanksThatWereStoppedByTheirAgentHaveNotReachedTheTarget) {
  Scenario s;
  s.training();
  for (int rank = 0; rank < 4; ++rank) {
    s.on(RankDone{s.state.generation, rank, 17, ""});
    s.exit(rank, 0, 0, true, 17);
  }
  EXPECT_EQ(s.status(), "acquiring");

  Scenario foreign;
  foreign.policy.exact_trainer = false;
  foreign.training();
  for (int rank = 0; rank < 4; ++rank) foreign.exit(rank, 0, 0, true);
  EXPECT_EQ(foreign.status(), "acquiring");
}

TEST(Recover, AsksAgainWhoOwesAnAnswer) {
  Scenario s;
  s.training().exit(0, -1, 9);
  ASSERT_EQ(s.status(), "recovering");
  s.exit(1, -1, 9, true);
  s.wait(s.policy.agent_start_timeout_ms).on(DeadlinePassed{});
  ASSERT_EQ(s.done<AskAgain>().size(), 1u);
  EXPECT_EQ(s.done<AskAgain>()[0].node, "node-1");
  s.on(AgentDisconnected{"node-1"}).connect("node-1");
  EXPECT_EQ(s.status(), "acquiring") << "it has none of them";
}

}  // namespace
}  // namespace longhaul::daemon
