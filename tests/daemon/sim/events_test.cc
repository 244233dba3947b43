#include "daemon/sim/events.h"

#include <gtest/gtest.h>

namespace longhaul::daemon::sim {
namespace {

TEST(Events, HappenInTheOrderOfTimeAndThenInTheOrderAskedFor) {
  Events events(1);
  std::string story;
  events.after(20, [&] { story += "c"; });
  events.after(10, [&] {
    story += "a";
    events.after(10, [&] { story += "d"; });
    events.after(0, [&] { story += "b"; });
  });
  while (events.step(100)) {
  }
  EXPECT_EQ(story, "abcd");
  EXPECT_EQ(events.now_ms(), 100) << "nothing is left, and the time has passed all the same";
  EXPECT_EQ(events.done(), 4);
}

TEST(Events, WhatComesLaterStaysForLater) {
  Events events(1);
  bool happened = false;
  events.after(101, [&] { happened = true; });
  EXPECT_FALSE(events.step(100));
  EXPECT_FALSE(happened);
  EXPECT_TRUE(events.step(101));
  EXPECT_TRUE(happened);
}

TEST(Events, TheSameSeedDrawsTheSameNumbers) {
  Events one(7), two(7), other(8);
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const int64_t drawn = one.next_in(1000);
    EXPECT_EQ(drawn, two.next_in(1000));
    EXPECT_GE(drawn, 0);
    same += drawn == other.next_in(1000);
  }
  EXPECT_LT(same, 10);
}

TEST(Events, RandomTimesHaveTheMeanAskedFor) {
  Events events(3);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) sum += static_cast<double>(events.next_in(500));
  EXPECT_NEAR(sum / 100'000, 500, 10);
}

}  // namespace
}  // namespace longhaul::daemon::sim
