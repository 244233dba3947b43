#include "checkpoint/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "base/posix/posix_file_system.h"
#include "checkpoint/format/state_digest.h"
#include "tests/checkpoint/store/store_fixture.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::checkpoint {
namespace {

using testing::HasSubstr;

class StoreTest : public testing::Test {
 protected:
  StoreTest() { make_store(disk_); }
  SimulatedFileSystem disk_;
  Store store_{disk_, kStorePath, kSmallBlocks};
};

TEST_F(StoreTest, GivesBackBitForBitWhatWasCommitted) {
  const Checkpoint saved = save(store_, {10, 0, "1.1"}, 2).value();
  EXPECT_EQ(saved.path, "/store/checkpoints/step-10-b0-g1.1");
  const Checkpoint loaded = store_.load(saved.path).value();
  EXPECT_EQ(loaded.manifest, saved.manifest);
  EXPECT_EQ(difference(store_, loaded), "");
}

TEST_F(StoreTest, WorksOnARealDisk) {
  const TemporaryFolder folder;
  PosixFileSystem files;
  Store store(files, folder.path());
  const Checkpoint saved = save(store, {10, 0, "1.1"}, 3).value();
  EXPECT_EQ(difference(store, store.load(saved.path).value()), "");
  EXPECT_EQ(list_directory(saved.path).value(),
            (std::vector<std::string>{"manifest.json", "rank-00000.safetensors", "rank-00001.safetensors",
                                      "rank-00002.safetensors"}));
  ASSERT_TRUE(store.remove({10, 0, "1.1"}));
  EXPECT_TRUE(list_directory(store.checkpoints_path()).value().empty());
}

TEST_F(StoreTest, LoadsAtAnotherDataParallelismThanItWasSavedAt) {
  for (const int64_t saved_dp : {1, 2, 3, 7}) {
    const CheckpointKey key{10, 0, "1." + std::to_string(saved_dp)};
    const Checkpoint saved = save(store_, key, saved_dp).value();
    for (const int64_t dp : {1, 2, 5}) {
      for (int64_t rank = 0; rank < dp; ++rank) {
        const int64_t begin = kFlatSize * rank / dp;
        std::vector<float> values(static_cast<size_t>(kFlatSize * (rank + 1) / dp - begin));
        ASSERT_TRUE(store_.read_range(saved, "m", begin, values));
        const auto all = section_values(10, "m");
        EXPECT_TRUE(std::equal(values.begin(), values.end(), all.begin() + begin));
      }
    }
  }
}

TEST_F(StoreTest, GivesOneStateDigestForAllTopologies) {
  StateDigest expected(10);
  for (const char* section : kSections) {
    const auto values = section_values(10, section);
    expected.update(std::span(values).subspan(0, 120));    // tensor a
    expected.update(std::span(values).subspan(128, 150));  // tensor b, after 8 elements of padding
  }
  const std::string digest = expected.finish({42, 160, 0});
  for (const int64_t dp : {1, 2, 3}) {
    const Checkpoint saved = save(store_, {10, 0, "1." + std::to_string(dp)}, dp).value();
    EXPECT_EQ(store_.state_digest(saved).value(), digest) << dp;
  }
  EXPECT_NE(store_.state_digest(save(store_, {11, 0, "1.1"}, 1).value()).value(), digest);
}

TEST_F(StoreTest, NeverUsesANameTwice) {
  ASSERT_TRUE(save(store_, {10, 0, "1.1"}, 1));
  EXPECT_EQ(store_.create({10, 0, "1.1"}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_.commit(store_.discover().value().committed[0].manifest).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(store_.discard({10, 0, "1.1"}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(difference(store_, store_.discover().value().committed[0]), "");
}

TEST_F(StoreTest, DiscoversNewestFirstAndReportsTheRestWithoutTouchingIt) {
  for (const CheckpointKey& key : {CheckpointKey{9, 0, "1.1"}, CheckpointKey{10, 0, "1.9"},
                                   CheckpointKey{10, 0, "1.10"}, CheckpointKey{100, 0, "1.1"}}) {
    ASSERT_TRUE(save(store_, key, 1));
  }
  ASSERT_TRUE(store_.create({200, 0, "1.1"}));
  disk_.put_file("/store/checkpoints/step-300-b0-g1.1/manifest.json", "{\"sha256\":\"");
  disk_.put_file("/store/checkpoints/latest", "step-300-b0-g1.1");
  disk_.put_file("/store/checkpoints/step-7-b0-g1.1/manifest.json",
                 disk_.content("/store/checkpoints/step-9-b0-g1.1/manifest.json"));
  const auto files_before = disk_.all_files();

  const Discovery found = store_.discover().value();
  std::vector<std::string> names;
  for (const Checkpoint& c : found.committed) names.push_back(folder_name(c.key()).value());
  EXPECT_THAT(names, testing::ElementsAre("step-100-b0-g1.1", "step-10-b0-g1.10", "step-10-b0-g1.9",
                                          "step-9-b0-g1.1"));
  ASSERT_EQ(found.rejected.size(), 4U);
  EXPECT_EQ(found.rejected[0].why, Rejected::Why::kForeign);
  EXPECT_EQ(found.rejected[1].why, Rejected::Why::kTorn);
  EXPECT_EQ(found.rejected[2].why, Rejected::Why::kDamaged);
  EXPECT_EQ(found.rejected[3].why, Rejected::Why::kDamaged);
  EXPECT_THAT(found.rejected[3].reason, HasSubstr("the manifest belongs to step-9-b0-g1.1"));
  EXPECT_EQ(disk_.all_files(), files_before);
}

TEST_F(StoreTest, AFileWithTheNameOfACheckpointIsNoneAndHidesNoOther) {
  ASSERT_TRUE(save(store_, {10, 0, "1.1"}, 1));
  disk_.put_file("/store/checkpoints/step-300-b0-g1.1", "a file");
  const Discovery found = store_.discover().value();
  EXPECT_EQ(found.committed.size(), 1U);
  ASSERT_EQ(found.rejected.size(), 1U);
  EXPECT_NE(found.rejected[0].why, Rejected::Why::kDamaged);
}

TEST_F(StoreTest, ReadsBackWhatTheDeviceHoldsAndTellsDamageFromAFailingDisk) {
  const Checkpoint saved = save(store_, {10, 0, "1.1"}, 2).value();
  const int64_t before = disk_.operations();
  ASSERT_TRUE(store_.read_back(saved.path));
  const int64_t operations = disk_.operations() - before;
  for (int64_t k = 0; k < operations; ++k) {
    disk_.fail_at(disk_.operations() + k, ErrorCode::kIo);
    ASSERT_EQ(store_.read_back(saved.path).error().code, ErrorCode::kIo) << k;
  }
  for (const char* name : {"manifest.json", "rank-00001.safetensors"}) {
    disk_.flip_bit(saved.path + "/" + name, 100, 3);
    EXPECT_EQ(store_.read_back(saved.path).error().code, ErrorCode::kCorrupt) << name;
    disk_.flip_bit(saved.path + "/" + name, 100, 3);
  }
  EXPECT_TRUE(store_.read_back(saved.path));
}

TEST_F(StoreTest, RefusesACommitOfAnOlderGeneration) {
  disk_.put_file("/store/generations/2.9", "");
  disk_.put_file("/store/generations/2.10", "");
  disk_.put_file("/store/generations/.nfs0001", "");
  const auto old = save(store_, {10, 0, "2.9"}, 2);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code, ErrorCode::kDenied);
  EXPECT_THAT(old.error().message, HasSubstr("generation 2.9 may not commit: 2.10 is current"));
  EXPECT_TRUE(store_.discover().value().committed.empty());
  EXPECT_TRUE(save(store_, {10, 0, "2.10"}, 2));
  EXPECT_TRUE(save(store_, {10, 0, "10.1"}, 2));
}

TEST_F(StoreTest, RefusesToCommitWhenTheFenceCannotBeRead) {
  disk_.put_file("/store/generations", "not a folder");
  EXPECT_EQ(save(store_, {10, 0, "2.9"}, 1).error().code, ErrorCode::kIo);
  EXPECT_TRUE(store_.discover().value().committed.empty());
}

TEST_F(StoreTest, RefusesToCommitWithoutEveryFileInFullLength) {
  const CheckpointKey key{10, 0, "1.1"};
  ASSERT_TRUE(store_.create(key));
  const auto values = section_values(10, "m");
  Manifest manifest = manifest_of(key, 1);
  std::vector<ShardFragment> fragments;
  for (const char* section : kSections) fragments.push_back({section, 0, values});
  manifest.files = {store_.write_shard(key, 0, fragments).value()};

  Manifest missing = manifest;
  missing.files[0].name = "rank-00001.safetensors";
  EXPECT_EQ(store_.commit(missing).error().code, ErrorCode::kNotFound);
  Manifest partial = manifest;
  partial.files[0].fragments.pop_back();
  EXPECT_THAT(store_.commit(partial).error().message, HasSubstr("no file holds v"));
  Manifest longer = manifest;
  longer.files[0].size_bytes += 1;
  EXPECT_THAT(store_.commit(longer).error().message, HasSubstr("its entry says"));
  EXPECT_TRUE(store_.discover().value().committed.empty());
  EXPECT_TRUE(store_.commit(manifest));
}

// The kernel says "success" to a second fsync although the bytes are gone. A save that believed it would
// be acknowledged here and lost by the power cut.
TEST_F(StoreTest, FailsTheSaveAfterAFailedSync) {
  const int64_t first = disk_.operations();
  ASSERT_TRUE(save(store_, {1, 0, "1.1"}, 2));
  const int64_t operations = disk_.operations() - first;
  for (int64_t k = 0; k < operations; ++k) {
    SimulatedFileSystem disk;
    make_store(disk);
    Store store(disk, kStorePath, kSmallBlocks);
    disk.fail_at(k, ErrorCode::kIo);
    const bool acknowledged = save(store, {1, 0, "1.1"}, 2).has_value();
    disk.restart(SimulatedFileSystem::Survivors::kDurable);
    if (acknowledged) ADD_FAILURE() << "operation " << k << " failed, the save did not";
    EXPECT_TRUE(store.discover().value().committed.empty()) << k;
  }
}

}  // namespace
}  // namespace longhaul::checkpoint
