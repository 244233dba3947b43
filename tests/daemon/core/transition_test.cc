#include <gtest/gtest.h>

#include "tests/daemon/core/scenario.h"

namespace longhaul::daemon {
namespace {

TEST(TimeUse, SumsToWallTimeExactly) {
  Scenario s;
  s.training();
  s.wait(10'000).on(CheckpointSaved{s.state.generation, 10, "/s/10", 1, 500, 300});
  s.wait(777).exit(0, -1, 9, false, 12).wait(1234).exit(1, -1, 9).exit(2, -1, 9).exit(3, -1, 9);
  s.on(RestoreFound{"/s/10", 10})
      .wait(500)
      .on(RanksRestored{s.state.generation, 10, 12, "", {}, {}})
      .on(FirstStep{s.state.generation, 11});
  s.wait(2000).on(CaughtUp{s.state.generation, 13}).wait(3000).on(OperatorCommand{"pause", "me", ""});
  const TimeUse& t = s.state.time_use;
  EXPECT_EQ(t.productive_ms, 10'000 - 300 + 777 + 3000);
  EXPECT_EQ(t.checkpoint_ms, 300);
  EXPECT_EQ(t.rerun_ms, 2000);
  EXPECT_EQ(t.restarting_ms, 1234 + 500);
  EXPECT_EQ(t.productive_ms + t.checkpoint_ms + t.rerun_ms + t.restarting_ms + t.paused_ms + t.waiting_ms,
            s.now_ms - s.state.started_ms);
}

}  // namespace
}  // namespace longhaul::daemon
