#include "tests/support/simulated_file_system.h"

#include <gtest/gtest.h>

namespace longhaul {
namespace {

using Survivors = SimulatedFileSystem::Survivors;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

class SimulatedFileSystemTest : public testing::Test {
 protected:
  SimulatedFileSystemTest() { disk_.put_file("/d/old", "old"); }
  void write(const std::string& path, const std::string& content, bool synced) {
    const auto file = disk_.create(path).value();
    ASSERT_TRUE(file->write_at(0, bytes_of(content)));
    if (synced) {
      ASSERT_TRUE(file->sync());
    }
  }
  SimulatedFileSystem disk_;
};

TEST_F(SimulatedFileSystemTest, ForgetsANameWhoseFolderWasNotSynced) {
  write("/d/new", "new", true);
  disk_.restart(Survivors::kDurable);
  EXPECT_EQ(disk_.all_files(), std::vector<std::string>{"/d/old"});
}

TEST_F(SimulatedFileSystemTest, ForgetsBytesThatWereNotSynced) {
  write("/d/new", "new", false);
  ASSERT_TRUE(disk_.sync_directory("/d"));
  disk_.restart(Survivors::kDurable);
  EXPECT_EQ(disk_.content("/d/new"), "");
}

TEST_F(SimulatedFileSystemTest, KeepsWhatWasSyncedUnderItsNewName) {
  write("/d/new", "new", true);
  ASSERT_TRUE(disk_.sync_directory("/d"));
  ASSERT_TRUE(disk_.rename("/d/new", "/d/old"));
  ASSERT_TRUE(disk_.sync_directory("/d"));
  disk_.restart(Survivors::kDurable);
  EXPECT_EQ(disk_.all_files(), std::vector<std::string>{"/d/old"});
  EXPECT_EQ(disk_.content("/d/old"), "new");
}

TEST_F(SimulatedFileSystemTest, MayKeepAnyPartOfWhatWasPending) {
  std::set<std::string> contents;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    SimulatedFileSystem disk;
    disk.put_file("/d/old", "old");
    ASSERT_TRUE(disk.create("/d/new").value()->write_at(0, bytes_of(std::string(1024, 'x'))));
    disk.restart(Survivors::kRandom, seed);
    contents.insert(disk.all_files().front() == "/d/new" ? disk.content("/d/new") : "absent");
  }
  const std::string none, zeros(512, '\0'), half(512, 'x');
  EXPECT_EQ(contents, (std::set<std::string>{"absent", none, half, zeros + half, half + half}));
}

TEST_F(SimulatedFileSystemTest, LosesBytesAtAFailedSyncAndThenClaimsSuccess) {
  const auto file = disk_.create("/d/new").value();
  ASSERT_TRUE(disk_.sync_directory("/d"));
  ASSERT_TRUE(file->write_at(0, bytes_of("new")));
  disk_.fail_at(disk_.operations(), ErrorCode::kIo);
  EXPECT_FALSE(file->sync());
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(disk_.content("/d/new"), "new");
  disk_.restart(Survivors::kAll);
  EXPECT_EQ(disk_.content("/d/new"), "");
}

TEST_F(SimulatedFileSystemTest, FailsEverythingAfterThePowerIsGone) {
  disk_.lose_power_at(disk_.operations() + 1);
  EXPECT_TRUE(disk_.info("/d/old"));
  EXPECT_FALSE(disk_.info("/d/old"));
  EXPECT_FALSE(disk_.create("/d/new"));
  disk_.restart(Survivors::kAll);
  EXPECT_TRUE(disk_.info("/d/old"));
  EXPECT_FALSE(disk_.info("/d/new"));
}

TEST_F(SimulatedFileSystemTest, CountsReservedSpaceAsUsed) {
  disk_.set_capacity(103);
  const auto file = disk_.create("/d/new").value();
  EXPECT_FALSE(file->reserve(101));
  ASSERT_TRUE(file->reserve(100));
  EXPECT_EQ(disk_.available_bytes("/d").value(), 0);
  EXPECT_TRUE(file->write_at(0, bytes_of(std::string(100, 'x'))));
  EXPECT_EQ(file->write_at(100, bytes_of("x")).error().code, ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace longhaul
