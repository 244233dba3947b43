#include "checkpoint/store/shard_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/format/digest.h"
#include "tests/checkpoint/store/store_fixture.h"

namespace longhaul::checkpoint {
namespace {

using testing::HasSubstr;

class ShardWriterTest : public testing::Test {
 protected:
  ShardWriterTest() : master_(section_values(1, "master")), m_(section_values(1, "m")) {
    disk_.put_file("/folder/other", "x");
    fragments_ = {{"master", 100, master_}, {"m", 100, m_}};
  }
  Result<ShardEntry> write(int rank) {
    return write_shard_file(disk_, "/folder", rank, fragments_, kSmallBlocks);
  }

  SimulatedFileSystem disk_;
  std::vector<float> master_, m_;
  std::vector<ShardFragment> fragments_;
};

TEST_F(ShardWriterTest, DescribesExactlyTheFileItWrote) {
  const ShardEntry entry = write(3).value();
  EXPECT_EQ(entry.name, "rank-00003.safetensors");
  const std::string content = disk_.content("/folder/" + entry.name);
  ASSERT_EQ(entry.size_bytes, static_cast<int64_t>(content.size()));
  EXPECT_EQ(entry.size_bytes, 4096 + 2 * 1200);
  for (size_t i = 0; i < entry.blocks.size(); ++i) {
    const std::string block = content.substr(i * 512, 512);
    EXPECT_EQ(entry.blocks[i], xxh3_hex(std::as_bytes(std::span(block)))) << i;
  }
  ASSERT_EQ(entry.fragments.size(), 2U);
  EXPECT_EQ(entry.fragments[1],
            (Fragment{"m", 100, 400, 4096 + 1200, xxh3_hex(std::as_bytes(std::span<const float>(m_)))}));
  const auto header = parse_safetensors_header(std::as_bytes(std::span(content)), entry.size_bytes);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->tensors[1], (SafetensorsTensor{"m@100", "F32", {300}, 1200, 2400}));
}

TEST_F(ShardWriterTest, WritesAFileForARankThatHasNothing) {
  fragments_.clear();
  const ShardEntry entry = write(7).value();
  EXPECT_EQ(entry.size_bytes, 4096);
  const Checkpoint checkpoint{"/folder", {.files = {entry}}};
  EXPECT_TRUE(Store(disk_, "/store", kSmallBlocks).verify(checkpoint));
}

TEST_F(ShardWriterTest, IsDurableOnceItReturns) {
  const ShardEntry entry = write(0).value();
  const std::string before = disk_.content("/folder/" + entry.name);
  disk_.restart(SimulatedFileSystem::Survivors::kDurable);
  EXPECT_EQ(disk_.content("/folder/" + entry.name), before);
}

TEST_F(ShardWriterTest, SaysHowMuchSpaceIsMissingBeforeWritingAndLeavesNothing) {
  disk_.set_capacity(5000);
  const auto entry = write(0);
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().code, ErrorCode::kNoSpace);
  EXPECT_THAT(entry.error().message, HasSubstr("/folder/rank-00000.safetensors"));
  EXPECT_THAT(entry.error().message, HasSubstr("needed 6496 bytes, available 4999"));
  EXPECT_EQ(disk_.all_files(), std::vector<std::string>{"/folder/other"});
}

TEST_F(ShardWriterTest, LeavesNothingWhicheverOperationFails) {
  ASSERT_TRUE(write(0));
  const int64_t operations = disk_.operations();
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
    for (int64_t k = 0; k < operations; ++k) {
      SimulatedFileSystem disk;
      disk.put_file("/folder/other", "x");
      disk.fail_at(k, code);
      const auto entry = write_shard_file(disk, "/folder", 0, fragments_, kSmallBlocks);
      ASSERT_FALSE(entry) << k;
      EXPECT_EQ(entry.error().code, code);
      EXPECT_EQ(disk.all_files(), std::vector<std::string>{"/folder/other"}) << k;
    }
  }
}

TEST_F(ShardWriterTest, NeverTouchesAFileThatIsThereAlready) {
  disk_.put_file("/folder/rank-00000.safetensors", "somebody's");
  EXPECT_EQ(write(0).error().code, ErrorCode::kConflict);
  EXPECT_EQ(disk_.content("/folder/rank-00000.safetensors"), "somebody's");
}

}  // namespace
}  // namespace longhaul::checkpoint
