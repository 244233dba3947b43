#include "base/posix/system_clock.h"

#include <chrono>
#include <ctime>

#include <gtest/gtest.h>

namespace longhaul {
namespace {

TEST(SystemClock, WallIsTheTimeOfDay) {
  const auto system_ms = [] {  // not time(), which may lag behind by a tick of the kernel
    timespec t{};
    EXPECT_EQ(clock_gettime(CLOCK_REALTIME, &t), 0);
    return int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
  };
  const int64_t before = system_ms();
  const int64_t now = SystemClock().wall_ms();
  EXPECT_GE(now, before);
  EXPECT_LE(now, system_ms());
}

TEST(SystemClock, SteadyHasTheOriginOfTheBootSoThatProcessesCanCompare) {
  const SystemClock clock;
  timespec t{};
  ASSERT_EQ(clock_gettime(CLOCK_MONOTONIC, &t), 0);
  const int64_t before = int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
  const int64_t now = clock.steady_ms();
  EXPECT_GE(now, before);
  EXPECT_GE(clock.steady_ms(), now);
}

}  // namespace
}  // namespace longhaul
