#include "daemon/sim/simulation.h"

#include <chrono>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/core/log.h"

namespace longhaul::daemon::sim {
namespace {

// The runner says so for sanitizers, which look for other things than broken promises.
bool slow() { return std::getenv("LONGHAUL_SLOW") != nullptr; }

class SimulationTest : public testing::Test {
 protected:
  SimulationTest() { log_start("simulation_test", "", LogLevel::kError); }
  static Spec worst(int64_t days = 1) {
    Spec spec = trace_named("worst").value();
    spec.days = days;
    return spec;
  }
  static std::string replay(uint64_t seed) {
    return "again: longhaul sim --trace worst --days 1 --seed " + std::to_string(seed);
  }
};

TEST_F(SimulationTest, WithoutFaultsNearlyAllOfTheTimeGoesIntoNewSteps) {
  Spec spec = worst(2);
  spec.faults = {};
  const Outcome o = Simulation(spec, 1).run();
  EXPECT_THAT(o.violations, testing::IsEmpty());
  EXPECT_EQ(o.state.restarts(), 0);
  EXPECT_EQ(o.state.lost_steps, 0);
  const double saving =
      static_cast<double>(spec.save_ms) / static_cast<double>(spec.save_ms + spec.every_steps * spec.step_ms);
  EXPECT_NEAR(o.goodput(), 1 - saving, 0.01);
}

TEST_F(SimulationTest, TheSameSeedGivesTheSameRunAndAnotherSeedAnother) {
  const Outcome one = Simulation(worst(), 5).run();
  const Outcome again = Simulation(worst(), 5).run();
  const Outcome other = Simulation(worst(), 6).run();
  EXPECT_EQ(one.events, again.events);
  EXPECT_EQ(one.state.lost_steps, again.state.lost_steps);
  EXPECT_EQ(one.faults, again.faults);
  EXPECT_EQ(one.state.time_use.restarting_ms, again.state.time_use.restarting_ms);
  EXPECT_NE(one.events, other.events);
}

TEST_F(SimulationTest, WhateverFailsNoPromiseIsBrokenAndTrainingGoesOn) {
  std::map<std::string, int64_t> faults;
  for (uint64_t seed = 1; seed <= (slow() ? 15 : 300); ++seed) {
    const Outcome o = Simulation(worst(), seed).run();
    ASSERT_THAT(o.violations, testing::IsEmpty()) << replay(seed);
    for (const auto& [kind, count] : o.faults) faults[kind] += count;
  }
  for (const char* kind : {"rank_death", "rank_hang", "node_loss", "agent_death", "daemon_death",
                           "daemon_death_while_acting", "partition", "store_outage", "switch_loss"})
    EXPECT_GT(faults[kind], 0) << kind << " never happened";
}

TEST_F(SimulationTest, SeedsThatNobodyHasSeenYetKeepThePromisesToo) {
  const auto today = std::chrono::system_clock::now().time_since_epoch();
  const auto first = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(today).count());
  for (uint64_t seed = first; seed < first + (slow() ? 2 : 30); ++seed)
    ASSERT_THAT(Simulation(worst(), seed).run().violations, testing::IsEmpty()) << replay(seed);
}

// Proof that the second phase can fail: nothing starts within its time, so nothing ever steps.
TEST_F(SimulationTest, ARunThatNeverGetsGoingIsFound) {
  Spec spec = worst();
  spec.policy.start_timeout_ms = spec.start_ms;
  const Outcome o = Simulation(spec, 1).run();
  ASSERT_EQ(o.violations.size(), 1U);
  EXPECT_THAT(o.violations[0], testing::HasSubstr("no step was done in 180 minutes"));
}

// BLOOM's own failures: what a human had to do by night costs days.
TEST_F(SimulationTest, OnTheTraceOfBloomTheSupervisorBeatsAHuman) {
  Spec spec = trace_named("bloom").value();
  spec.days = slow() ? 10 : 30;
  const Outcome ours = Simulation(spec, 3).run();
  EXPECT_THAT(ours.violations, testing::IsEmpty());
  EXPECT_TRUE(ours.halts.empty()) << ours.halts.begin()->first;
  EXPECT_GT(ours.goodput(), 0.95);
  spec.human_ms = 90 * 60'000;
  spec.policy.restart_budget = 0;
  EXPECT_LT(Simulation(spec, 3).run().goodput(), ours.goodput());
}

}  // namespace
}  // namespace longhaul::daemon::sim
