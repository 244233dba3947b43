#include "daemon/supervisor/catalog.h"

#include <chrono>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/core/log.h"
#include "base/posix/posix_file_system.h"
#include "tests/checkpoint/store/store_fixture.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A real store on a real disk, written as ranks write it.
class CatalogTest : public testing::Test {
 protected:
  CatalogTest() : store_(files_, folder_.path(), checkpoint::kSmallBlocks), catalog_(folder_.path()) {
    log_start("catalog_test", "", LogLevel::kError);
  }

  // Returns the folder's path.
  std::string save(int64_t step, int64_t branch = 0, const std::string& generation = "1.1") {
    const auto saved = checkpoint::save(store_, {step, branch, generation}, 2);
    EXPECT_TRUE(saved) << saved.error().message;
    return saved ? saved->path : "";
  }
  std::string folder(const std::string& name) const { return folder_ / ("checkpoints/" + name); }
  // A save that never came to its commit.
  void leave_torn(int64_t step, const std::string& generation) {
    ASSERT_TRUE(store_.create({step, 0, generation}));
  }
  void fork(int64_t branch, int64_t parent, int64_t step) {
    folder_.write(
        fmt::format("branches/{}.json", branch),
        fmt::format(R"({{"branch":{},"parent":{},"fork_step":{},"reason":"spike"}})", branch, parent, step));
  }
  // As the supervisor does it after a save. Returns the path that was read.
  std::string verify(int64_t branch = 0, const std::set<std::string>& passed_over = {}) {
    const std::string path = catalog_.to_verify(branch, passed_over).value();
    if (path.empty()) return path;
    EXPECT_TRUE(catalog_.note_read_back(path, catalog_.read_back(path)));
    return path;
  }
  void flip_a_byte(const std::string& file) {
    std::string bytes = folder_.read(file);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
    folder_.write(file, bytes);
  }
  std::vector<std::string> folders() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "checkpoints"))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder_;
  PosixFileSystem files_;
  checkpoint::Store store_;
  Catalog catalog_;
};

TEST_F(CatalogTest, AnEmptyStoreHasNothingToRestoreAndThatIsNoError) {
  const auto choice = catalog_.newest_restorable(0);
  ASSERT_TRUE(choice) << choice.error().message;
  EXPECT_EQ(choice->path, "");
  EXPECT_EQ(choice->step, 0);
  EXPECT_THAT(catalog_.list().value(), IsEmpty());
}

TEST_F(CatalogTest, AStoreThatIsNotThereOrCannotBeReadIsAnErrorAndNeverNothing) {
  EXPECT_EQ(Catalog(folder_ / "unmounted").newest_restorable(0).error().code, ErrorCode::kUnavailable);
  folder_.write("checkpoints", "a file where the folder should be");
  EXPECT_FALSE(catalog_.newest_restorable(0));
  EXPECT_FALSE(catalog_.list());
  EXPECT_FALSE(catalog_.apply_retention(0, 1, "1.1"));
}

TEST_F(CatalogTest, TheNewestCommittedCheckpointIsChosenAndNoTornOne) {
  save(10);
  const std::string newest = save(20);
  leave_torn(30, "1.1");
  const auto choice = catalog_.newest_restorable(0).value();
  EXPECT_EQ(choice.path, newest);
  EXPECT_EQ(choice.step, 20);
}

TEST_F(CatalogTest, OfTwoOfTheSameStepThatOfTheNewerGenerationIsChosen) {
  save(10, 0, "9.1");
  const std::string newer = save(10, 0, "10.1");
  EXPECT_EQ(catalog_.newest_restorable(0).value().path, newer);
}

TEST_F(CatalogTest, ACheckpointWhoseManifestIsDamagedIsNotChosen) {
  const std::string good = save(10);
  const std::string bad = save(20);
  std::filesystem::resize_file(bad + "/manifest.json", 100);
  EXPECT_EQ(catalog_.newest_restorable(0).value().path, good);
}

TEST_F(CatalogTest, ABranchRestoresFromItsAncestorsUpToTheForkAndNeverFromTheAbandonedFuture) {
  save(10);
  const std::string before_fork = save(20);
  save(30);
  fork(1, 0, 25);
  EXPECT_EQ(catalog_.newest_restorable(1).value().path, before_fork);
  const std::string own = save(28, 1);
  EXPECT_EQ(catalog_.newest_restorable(1).value().path, own);
  EXPECT_EQ(catalog_.newest_restorable(0).value().step, 30);
}

TEST_F(CatalogTest, ABranchThatTheStoreDoesNotKnowIsAnError) {
  save(10);
  EXPECT_FALSE(catalog_.newest_restorable(3));
}

TEST_F(CatalogTest, ADistrustedCheckpointIsNeverChosenAgainAndItsBytesStay) {
  const std::string good = save(10);
  const std::string bad = save(20);
  ASSERT_TRUE(catalog_.distrust(bad, "block 3 of rank-00001.safetensors is wrong"));
  EXPECT_EQ(catalog_.newest_restorable(0).value().path, good);
  EXPECT_EQ(Catalog(folder_.path()).newest_restorable(0).value().path, good) << "nor by a later daemon";
  EXPECT_TRUE(std::filesystem::exists(bad + "/manifest.json"));
  EXPECT_THAT(folder_.read("documents/distrusted/step-20-b0-g1.1.json"), HasSubstr("block 3"));
  ASSERT_TRUE(catalog_.distrust(bad, "told again after a crash"));
}

TEST_F(CatalogTest, AReasonOfAnyBytesThatJsonCanHoldIsKept) {
  const std::string bad = save(20);
  ASSERT_TRUE(catalog_.distrust(bad, "a \"quoted\"\nline \x01"));
  const auto none = catalog_.newest_restorable(0);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kCorrupt) << "all distrusted is not the same as none";
  EXPECT_NE(none.error().message.find("a \"quoted\"\nline \x01"), std::string::npos) << none.error().message;
}

TEST_F(CatalogTest, DistrustNeverWritesOutsideItsFolder) {
  ASSERT_TRUE(catalog_.distrust("../../../etc/step-1-b0-g1.1", "x"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "documents/distrusted/step-1-b0-g1.1.json"));
}

TEST_F(CatalogTest, ListsWhatIsCommittedNewestFirstWithSizeAndTimeOfTheCommit) {
  using namespace std::chrono;
  const int64_t before = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count() - 1000;
  save(10);
  const std::string newest = save(20, 0, "2.1");
  leave_torn(30, "2.1");
  const auto rows = catalog_.list().value();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].step, 20);
  EXPECT_EQ(rows[0].branch, 0);
  EXPECT_EQ(rows[0].generation, "2.1");
  EXPECT_GE(rows[0].saved_at_ms, before);
  EXPECT_LE(rows[0].saved_at_ms, before + 60'000);
  int64_t size = 0;
  for (int rank : {0, 1})
    size += static_cast<int64_t>(
        std::filesystem::file_size(fmt::format("{}/rank-{:05}.safetensors", newest, rank)));
  EXPECT_EQ(rows[0].size_bytes, size);
  EXPECT_EQ(rows[1].step, 10);
}

TEST_F(CatalogTest, TheNewestIsReadBackOnceAndAnOlderOneWhenItIsNotRight) {
  const std::string old = save(10);
  const std::string newest = save(20);
  EXPECT_EQ(verify(), newest);
  EXPECT_EQ(verify(), "") << "it is known now";
  EXPECT_EQ(catalog_.list().value()[0].verified, true);
  EXPECT_EQ(catalog_.list().value()[1].verified, std::nullopt);
  EXPECT_EQ(Catalog(folder_.path()).to_verify(0, {}).value(), newest) << "a later daemon does not know";
  EXPECT_EQ(Catalog(folder_.path()).to_verify(0, {newest}).value(), old);
}

TEST_F(CatalogTest, AByteThatWentWrongAfterTheSaveDistrustsTheCheckpointAndTheOlderOneIsReadNext) {
  const std::string good = save(10);
  const std::string bad = save(20);
  flip_a_byte("checkpoints/step-20-b0-g1.1/rank-00001.safetensors");
  EXPECT_EQ(verify(), bad);
  EXPECT_THAT(folder_.read("documents/distrusted/step-20-b0-g1.1.json"), HasSubstr("rank-00001.safetensors"));
  EXPECT_EQ(catalog_.newest_restorable(0).value().path, good);
  EXPECT_EQ(catalog_.list().value()[0].verified, false);
  EXPECT_EQ(verify(), good);
  save(30);
  ASSERT_TRUE(catalog_.apply_retention(0, 1, "1.1"));
  EXPECT_THAT(folders(), ElementsAre("step-10-b0-g1.1", "step-20-b0-g1.1", "step-30-b0-g1.1"))
      << "the one that is right, the one to look at, and the one that nobody has read";
}

TEST_F(CatalogTest, AFileThatCannotBeReadNowSaysNothingAboutTheCheckpoint) {
  const std::string newest = save(20);
  std::filesystem::rename(newest + "/rank-00001.safetensors", newest + "/elsewhere");
  EXPECT_EQ(verify(), newest);
  EXPECT_EQ(catalog_.newest_restorable(0).value().path, newest) << "not distrusted";
  EXPECT_EQ(catalog_.list().value()[0].verified, std::nullopt);
  std::filesystem::rename(newest + "/elsewhere", newest + "/rank-00001.safetensors");
  EXPECT_EQ(verify(), newest) << "asked again at the next save";
  EXPECT_EQ(catalog_.list().value()[0].verified, true);
}

TEST_F(CatalogTest, RetentionDeletesNothingWhileNothingWasReadBack) {
  for (const int64_t step : {10, 20, 30}) save(step);
  ASSERT_TRUE(catalog_.apply_retention(0, 1, "1.1"));
  EXPECT_EQ(folders().size(), 3U);
}

TEST_F(CatalogTest, RetentionKeepsTheNewestAndDeletesTheOlderOnes) {
  for (const int64_t step : {10, 20, 30, 40, 50}) save(step);
  verify();
  ASSERT_TRUE(catalog_.apply_retention(0, 2, "1.1"));
  EXPECT_THAT(folders(), ElementsAre("step-40-b0-g1.1", "step-50-b0-g1.1"));
  ASSERT_TRUE(catalog_.apply_retention(0, 2, "1.1"));
  EXPECT_EQ(folders().size(), 2U);
}

TEST_F(CatalogTest, RetentionCountsOnlyWhatCanBeRestored) {
  for (const int64_t step : {10, 20, 30, 40}) save(step);
  ASSERT_TRUE(catalog_.distrust(folder("step-40-b0-g1.1"), "damaged"));
  verify();
  ASSERT_TRUE(catalog_.apply_retention(0, 2, "1.1"));
  EXPECT_EQ(catalog_.newest_restorable(0).value().step, 30);
  EXPECT_THAT(folders(), testing::IsSupersetOf({"step-20-b0-g1.1", "step-30-b0-g1.1", "step-40-b0-g1.1"}));
  EXPECT_THAT(folders(), testing::Not(testing::Contains("step-10-b0-g1.1")));
}

TEST_F(CatalogTest, WithNothingTrustedLeftRetentionDeletesNothing) {
  for (const int64_t step : {10, 20, 30}) {
    const std::string path = save(step);
    ASSERT_TRUE(catalog_.distrust(path, "damaged"));
  }
  ASSERT_TRUE(catalog_.apply_retention(0, 1, "1.1"));
  EXPECT_EQ(folders().size(), 3U);
}

TEST_F(CatalogTest, RetentionRemovesTornFoldersOfEarlierGenerationsAndSparesTheSaveUnderWay) {
  leave_torn(10, "1.1");
  save(20, 0, "1.2");
  leave_torn(15, "2.1");  // of the present generation: perhaps still being written
  leave_torn(30, "1.2");  // newer than the newest commit
  ASSERT_TRUE(catalog_.apply_retention(0, 3, "2.1"));
  EXPECT_THAT(folders(), ElementsAre("step-15-b0-g2.1", "step-20-b0-g1.2", "step-30-b0-g1.2"));
}

}  // namespace
}  // namespace longhaul::daemon
