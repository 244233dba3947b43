#include "daemon/agent/core/step_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StepGateTest, KeepsTheLowestRanksReportOfEachStep) {
  StepGate gate;
  gate.start({4, 5});
  EXPECT_THAT(gate.offer(5, 1, "5:1"), IsEmpty());
  EXPECT_THAT(gate.offer(4, 1, "4:1"), ElementsAre("4:1"));
  EXPECT_THAT(gate.offer(4, 2, "4:2"), ElementsAre("4:2"));
  EXPECT_THAT(gate.offer(5, 2, "5:2"), IsEmpty());
  EXPECT_THAT(gate.offer(4, 2, "again"), IsEmpty());
}

TEST(StepGateTest, AStepThatOnlyOthersReportedIsKeptWhenTheSpeakerDies) {
  StepGate gate;
  gate.start({0, 1});
  gate.offer(0, 1, "0:1");
  EXPECT_THAT(gate.offer(1, 2, "1:2"), IsEmpty());
  EXPECT_THAT(gate.rank_gone(0), ElementsAre("1:2"));
  EXPECT_THAT(gate.offer(1, 3, "1:3"), ElementsAre("1:3"));  // the next one speaks
}

TEST(StepGateTest, ARankThatAloneReportsIsHeardTwoStepsLaterAndToTheEnd) {
  StepGate gate;
  gate.start({0, 1, 2});
  EXPECT_THAT(gate.offer(2, 1, "1"), IsEmpty());
  EXPECT_THAT(gate.offer(2, 2, "2"), IsEmpty());
  EXPECT_THAT(gate.offer(2, 3, "3"), ElementsAre("1"));
  EXPECT_THAT(gate.rank_gone(2), IsEmpty());
  EXPECT_THAT(gate.rank_gone(1), IsEmpty());
  EXPECT_THAT(gate.rank_gone(0), ElementsAre("2", "3"));
}

TEST(StepGateTest, ANewGenerationStartsOver) {
  StepGate gate;
  gate.start({0});
  EXPECT_THAT(gate.offer(0, 9, "9"), ElementsAre("9"));
  gate.start({0});
  EXPECT_THAT(gate.offer(0, 5, "5"), ElementsAre("5"));
}

}  // namespace
}  // namespace longhaul::daemon
