#include "checkpoint/store/checkpoint_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/format/digest.h"
#include "tests/checkpoint/store/store_fixture.h"

namespace longhaul::checkpoint {
namespace {

using testing::HasSubstr;

class CheckpointReaderTest : public testing::Test {
 protected:
  CheckpointReaderTest() {
    make_store(disk_);
    checkpoint_ = save(store_, {10, 0, "1.1"}, 2).value();
  }
  SimulatedFileSystem disk_;
  Store store_{disk_, kStorePath, kSmallBlocks};
  Checkpoint checkpoint_;
};

TEST_F(CheckpointReaderTest, ReadsAnyRangeOfAnySection) {
  CheckpointReader reader(disk_, checkpoint_);
  for (const char* section : kSections) {
    const auto all = section_values(10, section);
    for (int64_t begin = 0; begin < kFlatSize; begin += 7) {
      for (int64_t end = begin; end <= kFlatSize; end += 31) {
        std::vector<float> values(static_cast<size_t>(end - begin));
        ASSERT_TRUE(reader.read(section, begin, values));
        ASSERT_TRUE(std::equal(values.begin(), values.end(), all.begin() + begin)) << begin << " " << end;
      }
    }
  }
}

TEST_F(CheckpointReaderTest, RefusesWhatIsNotThere) {
  CheckpointReader reader(disk_, checkpoint_);
  std::vector<float> values(10);
  EXPECT_EQ(reader.read("master", kFlatSize - 9, values).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(reader.read("master", -1, values).error().code, ErrorCode::kInvalid);
  EXPECT_THAT(reader.read("weights", 0, values).error().message, HasSubstr("no 'weights'"));
}

// Every bit of the whole checkpoint matters, and the message says which file.
TEST_F(CheckpointReaderTest, DetectsAFlippedBitInAnyByteOfAnyFileAndNamesTheFile) {
  int bytes = 0;
  for (const std::string& path : disk_.all_files()) {
    if (!path.starts_with(checkpoint_.path)) continue;
    const bool is_manifest = path.ends_with("manifest.json");
    for (int64_t i = 0; i < static_cast<int64_t>(disk_.content(path).size()); ++i, ++bytes) {
      const int bit = static_cast<int>(i % 8);
      disk_.flip_bit(path, i, bit);
      const auto loaded = store_.load(checkpoint_.path);
      ASSERT_EQ(loaded.has_value(), !is_manifest) << path << " " << i;
      const Error error = loaded ? store_.verify(*loaded).error() : loaded.error();
      ASSERT_EQ(error.code, ErrorCode::kCorrupt) << path << " " << i;
      ASSERT_THAT(error.message, HasSubstr(is_manifest ? checkpoint_.path : path));
      disk_.flip_bit(path, i, bit);
    }
  }
  EXPECT_GT(bytes, 2 * 4096 + 3 * 1200);
  EXPECT_EQ(difference(store_, store_.load(checkpoint_.path).value()), "");
}

TEST_F(CheckpointReaderTest, ReadsBesideADamagedBlockButNotFromIt) {
  // Rank 0's file: 4096 bytes of header, master [0, 150) up to 4696. Byte 4608 begins block 9.
  disk_.flip_bit(checkpoint_.path + "/rank-00000.safetensors", 4610, 0);
  std::vector<float> before(128), damaged(1);  // elements [0, 128) fill block 8
  EXPECT_TRUE(store_.read_range(checkpoint_, "master", 0, before));
  const auto read = store_.read_range(checkpoint_, "master", 149, damaged);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(read.error().message, HasSubstr("/rank-00000.safetensors: block 9 (bytes 4608 to 5120)"));
}

TEST_F(CheckpointReaderTest, NamesAMissingAndACutFile) {
  const std::string path = checkpoint_.path + "/rank-00001.safetensors";
  disk_.put_file(path, disk_.content(path).substr(0, 5000));
  EXPECT_THAT(store_.verify(checkpoint_).error().message,
              HasSubstr(path + ": 5000 bytes long, the manifest says 5896"));
  ASSERT_TRUE(disk_.remove_file(path));
  EXPECT_EQ(store_.verify(checkpoint_).error().code, ErrorCode::kNotFound) << "which is not damage";
  EXPECT_THAT(store_.verify(checkpoint_).error().message, HasSubstr(path + ": the file is missing"));
}

// Digests that fit the file, but a manifest that points elsewhere: a bug of the writer.
TEST_F(CheckpointReaderTest, ComparesTheManifestWithTheFilesOwnHeader) {
  Checkpoint wrong = checkpoint_;
  std::swap(wrong.manifest.files[0].fragments[0].offset, wrong.manifest.files[0].fragments[1].offset);
  EXPECT_THAT(store_.verify(wrong).error().message, HasSubstr("header and the manifest's fragments differ"));
  wrong = checkpoint_;
  wrong.manifest.files[1].fragments[2].digest = std::string(32, '0');
  EXPECT_THAT(store_.verify(wrong).error().message,
              HasSubstr("rank-00001.safetensors: fragment v [150, 300)"));
}

}  // namespace
}  // namespace longhaul::checkpoint
