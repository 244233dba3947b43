#include "trainer/data/indexed_dataset_writer.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"

namespace longhaul::trainer::data {
namespace {

TEST(IndexedDatasetWriter, TheBytesAreMegatrons) {
  // Laid out by hand from Megatron-LM's MMapIndexedDataset: two documents [5, 6] and [7] as uint16.
  const TemporaryFolder folder;
  auto writer = IndexedDatasetWriter::create(folder / "c", TokenType::kUint16);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add_document(std::vector<int32_t>{5, 6}));
  ASSERT_TRUE(writer->add_document(std::vector<int32_t>{7}));
  ASSERT_TRUE(writer->finish());
  const std::string index = std::string("MMIDIDX\0\0", 9) + std::string("\1\0\0\0\0\0\0\0", 8) + "\x08" +
                            std::string("\2\0\0\0\0\0\0\0", 8) + std::string("\3\0\0\0\0\0\0\0", 8) +
                            std::string("\2\0\0\0\1\0\0\0", 8) +                                  // lengths
                            std::string("\0\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0", 16) +                 // offsets
                            std::string("\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 24);  // documents
  EXPECT_EQ(*read_file(folder / "c.idx"), index);
  EXPECT_EQ(*read_file(folder / "c.bin"), std::string("\5\0\6\0\7\0", 6));
}

TEST(IndexedDatasetWriter, NothingIsVisibleBeforeFinishAndNothingStaysWithoutIt) {
  const TemporaryFolder folder;
  {
    auto writer = IndexedDatasetWriter::create(folder / "c", TokenType::kUint16);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->add_document(std::vector<int32_t>{1, 2}));
    EXPECT_FALSE(path_exists(folder / "c.bin"));
    EXPECT_FALSE(path_exists(folder / "c.idx"));
  }
  EXPECT_THAT(*list_directory(folder / ""), testing::IsEmpty());
}

TEST(IndexedDatasetWriter, ATokenThatDoesNotFitIsRefused) {
  const TemporaryFolder folder;
  auto writer = IndexedDatasetWriter::create(folder / "c", TokenType::kUint16);
  ASSERT_TRUE(writer);
  EXPECT_FALSE(writer->add_document(std::vector<int32_t>{65536}));
  EXPECT_FALSE(writer->add_document(std::vector<int32_t>{-1}));
  EXPECT_FALSE(writer->add_document(std::vector<int32_t>{}));
}

}  // namespace
}  // namespace longhaul::trainer::data
