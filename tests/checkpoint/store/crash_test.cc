// The power is cut at every operation of a little history of saves and a deletion. What must hold after
// each: an acknowledged save is restorable bit for bit, and whatever is committed is whole. That the
// checker would notice a missing fsync is tested by dropping each in turn.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "checkpoint/store/lineage.h"
#include "checkpoint/store/retention.h"
#include "tests/checkpoint/store/store_fixture.h"

namespace longhaul::checkpoint {
namespace {

using Survivors = SimulatedFileSystem::Survivors;

struct History {
  std::set<int64_t> acknowledged;  // steps whose save returned success
  std::set<int64_t> removing;      // steps whose deletion was begun
};

// Three saves, and retention that keeps two. Errors end only the save they hit.
History run_history(SimulatedFileSystem& disk, int64_t ranks) {
  Store store(disk, kStorePath, kSmallBlocks);
  History history;
  for (const int64_t step : {10, 20, 30}) {
    if (save(store, {step, 0, "1.1"}, ranks)) history.acknowledged.insert(step);
    const auto found = store.discover();
    if (!found) continue;
    std::vector<RetentionItem> items;
    for (const Checkpoint& c : found->committed) items.push_back({.key = c.key(), .verified = true});
    for (const CheckpointKey& key : plan_retention(items, {.keep_last = 2})) {
      history.removing.insert(key.step);
      static_cast<void>(store.remove(key));
    }
  }
  return history;
}

// Empty when all invariants hold.
std::string violation(SimulatedFileSystem& disk, const History& history) {
  const Store store(disk, kStorePath, kSmallBlocks);
  const auto found = restorable(store, 0);
  if (!found) return "nothing can be listed: " + found.error().message;
  std::set<int64_t> whole;
  for (const Checkpoint& c : found->checkpoints) {
    if (const std::string wrong = difference(store, c); !wrong.empty())
      return "committed but not whole: " + wrong;
    whole.insert(c.key().step);
  }
  for (const Rejected& r : found->skipped) {
    if (r.why != Rejected::Why::kTorn) return "a damaged manifest: " + r.reason;
  }
  for (const int64_t step : history.acknowledged) {
    if (!history.removing.contains(step) && !whole.contains(step)) {
      return fmt::format("step {} was acknowledged and is gone", step);
    }
  }
  return "";
}

struct Cut {
  int64_t operation;
  Survivors survivors;
  uint64_t seed;
};

std::string violation_after(const Cut& cut, int64_t ranks, int64_t dropped_sync) {
  SimulatedFileSystem disk;
  make_store(disk);
  disk.lose_power_at(cut.operation);
  if (dropped_sync >= 0) disk.drop_sync(dropped_sync);
  const History history = run_history(disk, ranks);
  disk.restart(cut.survivors, cut.seed);
  const std::string wrong = violation(disk, history);
  if (wrong.empty()) return "";
  return fmt::format("power cut at operation {}, survivors {}, seed {}: {}", cut.operation,
                     static_cast<int>(cut.survivors), cut.seed, wrong);
}

struct Length {
  int64_t operations;
  std::vector<int64_t> syncs;  // the operation of each
};

Length length_of_history(int64_t ranks) {
  SimulatedFileSystem disk;
  make_store(disk);
  const History history = run_history(disk, ranks);
  const Length length{disk.operations(), disk.syncs()};
  EXPECT_EQ(history.acknowledged, (std::set<int64_t>{10, 20, 30}));
  EXPECT_EQ(history.removing, std::set<int64_t>{10});
  EXPECT_EQ(violation(disk, history), "");
  return length;
}

// Each operation, and once after the last, with what is left in `random_cuts` + 2 ways.
std::vector<Cut> all_cuts(int64_t operations, uint64_t random_cuts) {
  std::vector<Cut> cuts;
  for (int64_t k = 0; k <= operations; ++k) {
    cuts.push_back({k, Survivors::kDurable, 0});
    cuts.push_back({k, Survivors::kAll, 0});
    for (uint64_t seed = 1; seed <= random_cuts; ++seed) {
      cuts.push_back({k, Survivors::kRandom, static_cast<uint64_t>(k) * 1000 + seed});
    }
  }
  return cuts;
}

TEST(Crash, APowerCutAtAnyOperationLosesNothingAcknowledged) {
  const Length length = length_of_history(2);
  for (const Cut& cut : all_cuts(length.operations, 8)) ASSERT_EQ(violation_after(cut, 2, -1), "");
}

// One rank: here the second one would sync the same folder after the first, which on different nodes, at the
// same time, it need not.
TEST(Crash, EverySingleSyncIsNeeded) {
  const Length length = length_of_history(1);
  ASSERT_GT(length.syncs.size(), 15U);
  const std::vector<Cut> cuts = all_cuts(length.operations, 32);
  for (size_t sync = 0; sync < length.syncs.size(); ++sync) {
    const bool noticed = std::any_of(cuts.begin(), cuts.end(), [&](const Cut& cut) {
      // What is not on the disk is missed within the save, when it is acknowledged, or at the end.
      const int64_t after = cut.operation - length.syncs[sync];
      if (after < 0 || (after > length.operations / 3 && cut.operation < length.operations)) return false;
      return !violation_after(cut, 1, static_cast<int64_t>(sync)).empty();
    });
    EXPECT_TRUE(noticed) << "sync " << sync << " of " << length.syncs.size() << " can be left out unnoticed";
  }
}

TEST(Crash, AnyFailingOperationCostsAtMostItsOwnSave) {
  const Length length = length_of_history(2);
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
    for (int64_t k = 0; k < length.operations; ++k) {
      for (const Survivors survivors : {Survivors::kDurable, Survivors::kAll, Survivors::kRandom}) {
        SimulatedFileSystem disk;
        make_store(disk);
        disk.fail_at(k, code);
        const History history = run_history(disk, 2);
        EXPECT_GE(history.acknowledged.size(), 2U) << k;
        ASSERT_EQ(violation(disk, history), "") << "still running, operation " << k;
        disk.restart(survivors, static_cast<uint64_t>(k));
        ASSERT_EQ(violation(disk, history), "") << "after a power cut, operation " << k;
      }
    }
  }
}

TEST(Crash, AFullDiskFailsTheSaveKeepsTheOldOnesAndLeavesNoRest) {
  SimulatedFileSystem disk;
  make_store(disk);
  Store store(disk, kStorePath, kSmallBlocks);
  ASSERT_TRUE(save(store, {10, 0, "1.1"}, 2));
  const auto files_before = disk.all_files();
  int64_t used_bytes = 0;
  for (const std::string& path : files_before) used_bytes += static_cast<int64_t>(disk.content(path).size());
  for (int64_t spare_bytes = 0;; spare_bytes += 250) {
    disk.set_capacity(used_bytes + spare_bytes);
    const auto saved = save(store, {20, 0, "1.1"}, 2);
    if (saved) break;
    ASSERT_EQ(saved.error().code, ErrorCode::kNoSpace) << saved.error().message;
    ASSERT_EQ(disk.all_files(), files_before);
    ASSERT_EQ(violation(disk, {{10}, {}}), "");
    ASSERT_LT(spare_bytes, used_bytes * 2);
  }
  EXPECT_EQ(violation(disk, {{10, 20}, {}}), "");
}

}  // namespace
}  // namespace longhaul::checkpoint
