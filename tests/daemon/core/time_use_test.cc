#include "daemon/core/time_use.h"

#include <gtest/gtest.h>

namespace longhaul::daemon {
namespace {

int64_t sum(const TimeUse& t) {
  return t.productive_ms + t.rerun_ms + t.restarting_ms + t.checkpoint_ms + t.paused_ms + t.waiting_ms;
}

TEST(TimeUse, GrowsUnderThePresentStatusUpToTheMomentAsked) {
  RunState s;
  s.accounted_ms = 1000;
  s.time_use.productive_ms = 70;
  s.status = RunStatus::kPaused;
  EXPECT_EQ(time_use_at(s, 1500).paused_ms, 500);
  s.status = RunStatus::kTraining;
  EXPECT_EQ(time_use_at(s, 1500).productive_ms, 570);
  s.catching_up = true;
  EXPECT_EQ(time_use_at(s, 1500).rerun_ms, 500);
  s.status = RunStatus::kRecovering;
  EXPECT_EQ(time_use_at(s, 1500).restarting_ms, 500);
}

TEST(TimeUse, EveryStatusBooksTheWholeTimeOnce) {
  for (int i = 0; i <= static_cast<int>(RunStatus::kCompleted); ++i) {
    RunState s;
    s.status = static_cast<RunStatus>(i);
    s.accounted_ms = 1000;
    EXPECT_EQ(sum(time_use_at(s, 1250)), 250) << i;
  }
}

TEST(TimeUse, AClockThatWasSetBackBooksNothing) {
  RunState s;
  s.accounted_ms = 1000;
  EXPECT_EQ(sum(time_use_at(s, 400)), 0);
}

}  // namespace
}  // namespace longhaul::daemon
