#include "trainer/data/indexed_dataset.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix/file.h"
#include "tests/support/temporary_folder.h"
#include "trainer/data/indexed_dataset_writer.h"

namespace longhaul::trainer::data {
namespace {

using testing::HasSubstr;

void write_corpus(const std::string& prefix, TokenType type,
                  const std::vector<std::vector<int32_t>>& documents) {
  auto writer = IndexedDatasetWriter::create(prefix, type);
  ASSERT_TRUE(writer) << writer.error().message;
  for (const auto& document : documents) ASSERT_TRUE(writer->add_document(document));
  ASSERT_TRUE(writer->finish());
}

std::string opening_error(const std::string& prefix, ErrorCode code) {
  const auto dataset = IndexedDataset::open(prefix);
  if (dataset) return "opened";
  EXPECT_EQ(dataset.error().code, code) << dataset.error().message;
  return dataset.error().message;
}

std::string with_byte(std::string bytes, size_t at, char value) {
  bytes.at(at) = value;
  return bytes;
}

TEST(IndexedDataset, ReadsBackWhatWasWrittenInBothTokenTypes) {
  const TemporaryFolder folder;
  for (const TokenType type : {TokenType::kUint16, TokenType::kInt32}) {
    const int32_t big = type == TokenType::kUint16 ? 65535 : 250'679;
    write_corpus(folder / "c", type, {{1, 2, 3}, {big}, {7, 0, 9, 10}});
    const auto dataset = IndexedDataset::open(folder / "c");
    ASSERT_TRUE(dataset) << dataset.error().message;
    EXPECT_EQ(dataset->tokens(), 8);
    EXPECT_EQ(dataset->documents(), 3);
    std::vector<int32_t> all(8), middle(3);
    ASSERT_TRUE(dataset->read(0, 8, all.data()));
    EXPECT_EQ(all, (std::vector<int32_t>{1, 2, 3, big, 7, 0, 9, 10}));
    ASSERT_TRUE(dataset->read(2, 3, middle.data()));
    EXPECT_EQ(middle, (std::vector<int32_t>{3, big, 7}));
    EXPECT_FALSE(dataset->read(6, 3, middle.data()));
  }
}

TEST(IndexedDataset, EachKindOfDamageIsNamed) {
  const TemporaryFolder folder;
  write_corpus(folder / "good", TokenType::kUint16, {{5, 6}, {7}});
  const std::string index = *read_file(folder / "good.idx"), tokens = *read_file(folder / "good.bin");
  const auto error_of = [&](const std::string& idx, const std::string& bin,
                            ErrorCode code = ErrorCode::kCorrupt) {
    folder.write("c.idx", idx);
    folder.write("c.bin", bin);
    return opening_error(folder / "c", code);
  };
  EXPECT_THAT(error_of(index.substr(0, 20), tokens), HasSubstr("c.idx: 20 bytes, the header alone has 34"));
  EXPECT_THAT(error_of(with_byte(index, 0, 'X'), tokens), HasSubstr("not a Megatron index"));
  EXPECT_THAT(error_of(with_byte(index, 9, 2), tokens), HasSubstr("index version 2"));
  EXPECT_THAT(error_of(with_byte(index, 17, 6), tokens, ErrorCode::kInvalid), HasSubstr("token type 6"));
  EXPECT_THAT(error_of(index.substr(0, index.size() - 1), tokens),
              HasSubstr("81 bytes, but its header promises 82"));
  EXPECT_THAT(error_of(with_byte(index, 25, 0x7f), tokens), HasSubstr("cannot be in 82 bytes"));
  EXPECT_THAT(error_of(with_byte(index, 37, '\x80'), tokens), HasSubstr("sequence 0 has the length -"));
  EXPECT_THAT(error_of(with_byte(index, 50, 2), tokens), HasSubstr("sequence 1 begins at byte 2"));
  EXPECT_THAT(error_of(with_byte(index, 58, 1), tokens), HasSubstr("document 0 begins at sequence 1"));
  EXPECT_THAT(error_of(with_byte(index, 74, 1), tokens), HasSubstr("documents end at sequence 1 of 2"));
  EXPECT_THAT(error_of(index, tokens.substr(0, 5)), HasSubstr("c.bin: 5 bytes, but"));
  EXPECT_THAT(error_of(index, tokens + "xx"), HasSubstr("c.bin: 8 bytes, but"));
  EXPECT_THAT(opening_error(folder / "absent", ErrorCode::kNotFound), HasSubstr("absent.idx"));
  std::filesystem::remove(folder / "c.bin");
  EXPECT_THAT(opening_error(folder / "c", ErrorCode::kNotFound), HasSubstr("c.bin"));
}

TEST(IndexedDataset, AFileThatShrinksWhileOpenIsAnErrorAndNotASignal) {
  const TemporaryFolder folder;
  write_corpus(folder / "c", TokenType::kInt32, {{1, 2, 3, 4}});
  const auto dataset = IndexedDataset::open(folder / "c");
  ASSERT_TRUE(dataset);
  std::filesystem::resize_file(folder / "c.bin", 6);
  std::vector<int32_t> tokens(4);
  const auto read = dataset->read(0, 4, tokens.data());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace longhaul::trainer::data
