#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/store/store.h"
#include "tests/checkpoint/store/store_fixture.h"

namespace longhaul::checkpoint {
namespace {

class StoreRemoveTest : public testing::Test {
 protected:
  StoreRemoveTest() { make_store(disk_); }
  SimulatedFileSystem disk_;
  Store store_{disk_, kStorePath, kSmallBlocks};
};

TEST_F(StoreRemoveTest, LeavesNothingOfARemovedCheckpointAndAllOfTheOthers) {
  ASSERT_TRUE(save(store_, {10, 0, "1.1"}, 2));
  ASSERT_TRUE(save(store_, {20, 0, "1.1"}, 2));
  ASSERT_TRUE(store_.remove({10, 0, "1.1"}));
  const Discovery found = store_.discover().value();
  ASSERT_EQ(found.committed.size(), 1U);
  EXPECT_EQ(difference(store_, found.committed[0]), "");
  EXPECT_TRUE(found.rejected.empty());
  EXPECT_EQ(store_.remove({10, 0, "1.1"}).error().code, ErrorCode::kNotFound);
}

TEST_F(StoreRemoveTest, CanBeFinishedByASecondCallWhenTheFirstWasInterrupted) {
  for (int64_t k = 0; k < 20; ++k) {
    SimulatedFileSystem disk;
    make_store(disk);
    Store store(disk, kStorePath, kSmallBlocks);
    ASSERT_TRUE(save(store, {10, 0, "1.1"}, 2));
    disk.fail_at(disk.operations() + k, ErrorCode::kIo);
    if (store.remove({10, 0, "1.1"})) break;  // fewer operations than k
    EXPECT_TRUE(store.remove({10, 0, "1.1"})) << k;
    EXPECT_TRUE(store.discover().value().committed.empty());
    EXPECT_TRUE(store.discover().value().rejected.empty());
    ASSERT_LT(k, 19);
  }
}

TEST_F(StoreRemoveTest, SweepsOnlyTornFoldersOfOlderGenerationsBehindTheNewestCommitted) {
  ASSERT_TRUE(save(store_, {50, 0, "2.1"}, 1));
  for (const CheckpointKey& key :
       {CheckpointKey{40, 0, "1.5"}, CheckpointKey{50, 0, "1.9"},     // these two go
        CheckpointKey{60, 0, "1.9"},                                  // newer than the newest
        CheckpointKey{45, 0, "2.2"}, CheckpointKey{45, 0, "2.3"}}) {  // maybe being written
    ASSERT_TRUE(store_.create(key));
  }
  disk_.put_file("/store/checkpoints/step-30-b0-g1.1/manifest.json", "damaged");
  disk_.put_file("/store/checkpoints/notes/readme", "hello");
  EXPECT_THAT(store_.sweep_torn("2.2").value(), testing::ElementsAre("/store/checkpoints/step-40-b0-g1.5",
                                                                     "/store/checkpoints/step-50-b0-g1.9"));
  EXPECT_EQ(store_.discover().value().rejected.size(), 5U);
  EXPECT_EQ(store_.discover().value().committed.size(), 1U);
}

// A cache of NFS that has not heard of the commit yet.
TEST_F(StoreRemoveTest, DoesNotSweepWhatTurnsOutToBeCommittedWhenItIsLookedAtAgain) {
  ASSERT_TRUE(save(store_, {40, 0, "1.5"}, 1));
  ASSERT_TRUE(save(store_, {50, 0, "2.1"}, 1));
  disk_.fail_at(disk_.operations() + 1, ErrorCode::kNotFound);  // after the list: open of step 40's manifest
  EXPECT_TRUE(store_.sweep_torn("2.2").value().empty());
  EXPECT_EQ(store_.discover().value().committed.size(), 2U);
}

TEST_F(StoreRemoveTest, SweepsNothingWhenNothingIsCommitted) {
  ASSERT_TRUE(store_.create({40, 0, "1.5"}));
  EXPECT_TRUE(store_.sweep_torn("9.9").value().empty());
  EXPECT_EQ(store_.discover().value().rejected.size(), 1U);
}

}  // namespace
}  // namespace longhaul::checkpoint
