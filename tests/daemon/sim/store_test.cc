#include "daemon/sim/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::daemon::sim {
namespace {

TEST(SimulatedStore, ALaterLaunchFencesTheCommitsOfEarlierOnes) {
  Store store(3);
  ASSERT_TRUE(store.publish({1, 1}));
  EXPECT_TRUE(store.commit({10, 0, "1.1"}, false));
  ASSERT_TRUE(store.publish({2, 1}));
  EXPECT_EQ(store.commit({20, 0, "1.1"}, false).error().code, ErrorCode::kDenied);
  EXPECT_EQ(store.publish({1, 2}).error().code, ErrorCode::kDenied);
  EXPECT_EQ(store.newest_restorable().value()->step, 10);
}

TEST(SimulatedStore, ADamagedOneIsFoundOnlyByReadingItAndTheOlderOneIsTaken) {
  Store store(3);
  ASSERT_TRUE(store.commit({10, 0, "1.1"}, false));
  const std::string newest = store.commit({20, 0, "1.1"}, true).value();
  EXPECT_EQ(store.newest_restorable().value()->step, 20);
  std::vector<std::string> rejected;
  EXPECT_EQ(store.restore_from(newest, &rejected)->step, 10);
  EXPECT_THAT(rejected, testing::ElementsAre(newest));
  store.distrust(newest);
  EXPECT_EQ(store.newest_restorable().value()->step, 10);
}

TEST(SimulatedStore, KeepsTheNewestOnes) {
  Store store(2);
  for (const int64_t step : {10, 20, 30, 40}) ASSERT_TRUE(store.commit({step, 0, "1.1"}, false));
  EXPECT_THAT(store.apply_retention(), testing::ElementsAre("step-10-b0-g1.1", "step-20-b0-g1.1"));
  EXPECT_EQ(store.count(), 2U);
}

TEST(SimulatedStore, NothingGoesForOneThatTurnsOutDamagedWhenItIsReadBack) {
  Store store(1);
  ASSERT_TRUE(store.commit({10, 0, "1.1"}, false));
  const std::string damaged = store.commit({20, 0, "1.1"}, true).value();
  EXPECT_THAT(store.apply_retention(), testing::IsEmpty());
  EXPECT_FALSE(store.is_trusted(damaged));
  EXPECT_EQ(store.newest_restorable().value()->step, 10);
}

TEST(SimulatedStore, AnUnavailableOneSaysSoAndNotThatItIsEmpty) {
  Store store(2);
  store.available = false;
  EXPECT_EQ(store.newest_restorable().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.publish({1, 1}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.commit({10, 0, "1.1"}, false).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace longhaul::daemon::sim
