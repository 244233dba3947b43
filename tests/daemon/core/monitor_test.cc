#include "daemon/core/monitor.h"

#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

const Generation kFirst{1, 1}, kSecond{1, 2};

TEST(Monitor, TellsTheFirstStepAndTheFirstNewOneOnce) {
  Policy policy;
  Monitor m(policy);
  m.watch(kFirst, 12, false, 0);
  auto events = m.observe_step(kFirst, 11, 100);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<FirstStep>(events[0]).step, 11);
  EXPECT_TRUE(m.observe_step(kFirst, 11, 110).empty()) << "the same step from another rank";
  EXPECT_TRUE(m.observe_step(kFirst, 12, 200).empty());
  events = m.observe_step(kFirst, 13, 300);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<CaughtUp>(events[0]).step, 13);
  EXPECT_TRUE(m.observe_step(kFirst, 14, 400).empty());
  m.watch(kSecond, 14, false, 500);
  EXPECT_TRUE(m.observe_step(kFirst, 15, 600).empty()) << "an older generation";
}

TEST(Monitor, LearnsTheUsualStepAndCallsTenOfThemAHang) {
  Policy policy;
  policy.step_timeout_floor_ms = 1000;
  Monitor m(policy);
  m.watch(kFirst, 0, false, 0);
  EXPECT_FALSE(m.check(1'000'000)) << "before the first step the start deadline holds";
  int64_t now = 0;
  for (int step = 1; step <= 50; ++step) m.observe_step(kFirst, step, now += 400);
  EXPECT_EQ(m.limit_ms(), 4000);
  EXPECT_FALSE(m.check(now + 4000));
  const auto stalled = m.check(now + 4001);
  ASSERT_TRUE(stalled);
  EXPECT_EQ(std::get<ProgressStalled>(*stalled).step, 50);
  EXPECT_FALSE(m.check(now + 9000)) << "told once";
}

TEST(Monitor, HoldsToTheFloorAndTakesAPhaseForProgress) {
  Policy policy;
  policy.step_timeout_floor_ms = 1000;
  Monitor m(policy);
  m.watch(kFirst, 0, true, 0);
  m.observe_step(kFirst, 1, 10);
  m.observe_step(kFirst, 2, 20);
  EXPECT_EQ(m.limit_ms(), 1000);
  m.observe_phase(kFirst, "restore", 900);
  EXPECT_FALSE(m.check(1800));
  m.observe_phase(kFirst, "restore", 1890);  // the same phase again is no progress
  EXPECT_TRUE(m.check(1901));
  m.rest();
  EXPECT_FALSE(m.check(100'000));
}

TEST(Monitor, GivesASaveTheTimeThatTheStoreTakes) {
  Policy policy;
  policy.step_timeout_floor_ms = 1000;
  Monitor m(policy);
  m.watch(kFirst, 0, true, 0);
  m.observe_step(kFirst, 1, 10);
  m.observe_phase(kFirst, "checkpoint", 20);
  EXPECT_FALSE(m.check(10'000));
  EXPECT_TRUE(m.check(10'021)) << "but not for ever";
  m.observe_phase(kFirst, "verify", 10'030);
  EXPECT_FALSE(m.check(20'000)) << "nor is reading it back a step";
}

TEST(Monitor, BlamesNobodyForItsOwnSilence) {
  Policy policy;
  policy.step_timeout_floor_ms = 1000;
  Monitor m(policy);
  m.watch(kFirst, 0, true, 0);
  m.observe_step(kFirst, 1, 10);
  m.forgive(5000);
  EXPECT_FALSE(m.check(5010));
  EXPECT_TRUE(m.check(6011));
}

TEST(Monitor, CountsStepsThatArriveAfterTheirGroupHasFailed) {
  Policy policy;
  Monitor m(policy);
  m.watch(kFirst, 0, true, 0);
  m.observe_step(kFirst, 5, 10);
  m.rest();
  EXPECT_TRUE(m.observe_step(kFirst, 7, 20).empty());
  EXPECT_EQ(m.highest_step(), 7);
}

TEST(Monitor, KnowsNoStepOfRanksThatItFoundTrainingUntilItHearsOne) {
  const Policy policy;
  Monitor m(policy);
  m.watch({1, 1}, 7, false, 0);
  EXPECT_EQ(m.step(), 0) << "launched just now, they have done none";
  m.watch({1, 2}, 7, true, 0);
  EXPECT_EQ(m.step(), std::nullopt);
  m.observe_step({1, 2}, 6, 10);
  EXPECT_EQ(m.step(), 6);
}

}  // namespace
}  // namespace longhaul::daemon
