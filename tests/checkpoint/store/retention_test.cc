#include "checkpoint/store/retention.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::checkpoint {
namespace {

RetentionItem item(int64_t step) { return {.key = {step, 0, "1.1"}}; }
RetentionItem verified(int64_t step) { return {.key = {step, 0, "1.1"}, .verified = true}; }
RetentionItem pinned(int64_t step) { return {.key = {step, 0, "1.1"}, .is_protected = true}; }
RetentionItem abandoned(int64_t step) {
  return {.key = {step, 0, "1.1"}, .restorable = false, .verified = true};
}

std::vector<int64_t> deleted_steps(std::vector<RetentionItem> items, RetentionPolicy policy) {
  std::vector<int64_t> steps;
  for (const CheckpointKey& key : plan_retention(std::move(items), policy)) steps.push_back(key.step);
  return steps;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Retention, KeepsTheLastFewAndDeletesOldestFirst) {
  EXPECT_THAT(deleted_steps({item(30), item(10), verified(50), item(20), item(40)}, {.keep_last = 2}),
              ElementsAre(10, 20, 30));
}

TEST(Retention, DeletesNothingForTheSakeOfACheckpointThatNobodyHasReadBack) {
  EXPECT_THAT(deleted_steps({item(10), item(20), item(30)}, {.keep_last = 1}), IsEmpty());
  EXPECT_THAT(deleted_steps({item(10), verified(20), item(30)}, {.keep_last = 1}), ElementsAre(10));
}

TEST(Retention, KeepsTheNewestVerifiedHoweverOldItIsAndAllBeforeIt) {
  EXPECT_THAT(deleted_steps({verified(10), verified(20), item(30), item(40), item(50)}, {.keep_last = 2}),
              ElementsAre(10));
}

TEST(Retention, KeepsProtectedOnes) {
  EXPECT_THAT(deleted_steps({pinned(10), item(20), verified(30)}, {.keep_last = 1}), ElementsAre(20));
}

TEST(Retention, DoesNotCountAnAbandonedFutureAsTheLastFew) {
  EXPECT_THAT(deleted_steps({item(10), verified(20), abandoned(30), abandoned(40)},
                            {.keep_last = 1, .keep_abandoned = 1}),
              ElementsAre(10, 30));
}

TEST(Retention, ADistrustedOneStaysAndTakesNoPlaceOfAnother) {
  RetentionItem distrusted = pinned(50);
  distrusted.restorable = false;
  EXPECT_THAT(deleted_steps({verified(20), abandoned(30), abandoned(40), distrusted},
                            {.keep_last = 1, .keep_abandoned = 1}),
              ElementsAre(30));
}

TEST(Retention, DeletesNothingWhenNothingCouldBeRestored) {
  EXPECT_THAT(deleted_steps({abandoned(10), abandoned(20)}, {.keep_last = 1, .keep_abandoned = 0}),
              IsEmpty());
}

TEST(Retention, NeverDeletesTheNewestWhateverThePolicySays) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<RetentionItem> items;
    for (int64_t step = 1; step <= static_cast<int64_t>(random() % 8); ++step) {
      items.push_back({{step, 0, "1.1"}, random() % 3 != 0, random() % 2 == 0, random() % 5 == 0});
    }
    std::shuffle(items.begin(), items.end(), random);
    const auto deleted =
        deleted_steps(items, {static_cast<int>(random() % 4) - 1, static_cast<int>(random() % 3) - 1});
    const auto gone = [&](const RetentionItem& i) {
      return std::find(deleted.begin(), deleted.end(), i.key.step) != deleted.end();
    };
    const RetentionItem* newest = nullptr;
    const RetentionItem* newest_verified = nullptr;
    for (const RetentionItem& i : items) {
      if (i.is_protected) {
        EXPECT_FALSE(gone(i));
      }
      if (!i.restorable) continue;
      if (newest == nullptr || is_newer(i.key, newest->key)) newest = &i;
      if (i.verified && (newest_verified == nullptr || is_newer(i.key, newest_verified->key)))
        newest_verified = &i;
    }
    if (newest != nullptr) {
      EXPECT_FALSE(gone(*newest));
    }
    if (newest_verified != nullptr) {
      EXPECT_FALSE(gone(*newest_verified));
    }
    for (const RetentionItem& i : items) {
      if (!i.restorable || !gone(i)) continue;
      EXPECT_TRUE(newest_verified != nullptr && is_newer(newest_verified->key, i.key)) << i.key.step;
    }
    if (newest == nullptr) {
      EXPECT_TRUE(deleted.empty());
    }
  }
}

}  // namespace
}  // namespace longhaul::checkpoint
