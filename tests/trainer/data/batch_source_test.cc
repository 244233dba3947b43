#include "trainer/data/batch_source.h"

#include <filesystem>
#include <map>
#include <numeric>
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

// One document of the tokens 0, 1, 2 … size − 1, so that a sample shows where it was cut.
void write_counting_corpus(const std::string& prefix, int32_t size) {
  std::vector<int32_t> tokens(static_cast<size_t>(size));
  std::iota(tokens.begin(), tokens.end(), 0);
  auto writer = IndexedDatasetWriter::create(prefix, TokenType::kUint16);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add_document(tokens));
  ASSERT_TRUE(writer->finish());
}

config::Data one_corpus(const std::string& path) { return {{{path, 1.0}}}; }

TEST(BatchSource, AnEpochShowsEveryChunkOnceWithItsLastTarget) {
  const TemporaryFolder folder;
  write_counting_corpus(folder / "c", 101);  // 10 chunks of 10, and the last one's last target
  const auto source = BatchSource::open(one_corpus(folder / "c"), 10, 101, 42);
  ASSERT_TRUE(source) << source.error().message;
  std::vector<std::vector<int32_t>> orders;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<int32_t> starts;
    for (int i = 0; i < 10; ++i) {
      std::vector<int32_t> tokens(11), expected(11);
      ASSERT_TRUE(source->read_sample(epoch * 10 + i, tokens.data()));
      std::iota(expected.begin(), expected.end(), tokens[0]);
      EXPECT_EQ(tokens, expected);
      EXPECT_EQ(source->origin(epoch * 10 + i).epoch, epoch);
      starts.push_back(tokens[0]);
    }
    EXPECT_THAT(starts, testing::UnorderedElementsAre(0, 10, 20, 30, 40, 50, 60, 70, 80, 90));
    orders.push_back(starts);
  }
  EXPECT_NE(orders[0], orders[1]);  // each epoch has an order of its own
  EXPECT_NE(orders[1], orders[2]);
}

TEST(BatchSource, ASampleDependsOnItsIndexAndTheSeedAlone) {
  const TemporaryFolder folder;
  write_counting_corpus(folder / "a", 5000);
  write_counting_corpus(folder / "b", 700);
  const config::Data data{{{folder / "a", 0.8}, {folder / "b", 0.2}}};
  const auto forward = BatchSource::open(data, 16, 5000, 1), backward = BatchSource::open(data, 16, 5000, 1);
  const auto other_seed = BatchSource::open(data, 16, 5000, 2);
  ASSERT_TRUE(forward && backward && other_seed);
  constexpr int kSamples = 1000;
  std::map<int, std::vector<int32_t>> seen;
  for (int i = 0; i < kSamples; ++i) {
    seen[i].resize(17);
    ASSERT_TRUE(forward->read_sample(i, seen[i].data()));
  }
  int equal_with_other_seed = 0;
  for (int i = kSamples - 1; i >= 0; --i) {
    std::vector<int32_t> again(17), other(17);
    ASSERT_TRUE(backward->read_sample(i, again.data()));
    ASSERT_TRUE(other_seed->read_sample(i, other.data()));
    ASSERT_EQ(again, seen[i]) << i;
    equal_with_other_seed += other == seen[i];
  }
  EXPECT_LT(equal_with_other_seed, 50);
}

TEST(BatchSource, CorporaComeByTheirWeightsAndNotByTheirSize) {
  const TemporaryFolder folder;
  write_counting_corpus(folder / "large", 60'000);
  write_counting_corpus(folder / "small", 1000);
  const config::Data data{{{folder / "large", 1}, {folder / "small", 3}}};
  const auto source = BatchSource::open(data, 8, 60'000, 1);
  ASSERT_TRUE(source);
  int small = 0;
  for (int i = 0; i < 4000; ++i) small += source->origin(i).corpus;
  EXPECT_EQ(small, 3000);
}

TEST(BatchSource, AnotherTextHasAnotherFingerprintAndACopyTheSame) {
  const TemporaryFolder folder;
  write_counting_corpus(folder / "a", 500);
  write_counting_corpus(folder / "copy", 500);
  write_counting_corpus(folder / "longer", 501);
  write_counting_corpus(folder / "edited", 500);
  std::string edited = *read_file(folder / "edited.bin");
  edited[100] = static_cast<char>(edited[100] ^ 1);
  ASSERT_TRUE(write_file_durably(folder / "edited.bin", edited));
  const auto of = [&](const std::vector<config::Corpus>& corpora) {
    return BatchSource::open({corpora}, 16, 600, 1)->fingerprint();
  };
  EXPECT_EQ(of({{folder / "a", 1}}), of({{folder / "copy", 1}}));
  EXPECT_NE(of({{folder / "a", 1}}), of({{folder / "longer", 1}}));
  EXPECT_NE(of({{folder / "a", 1}}), of({{folder / "edited", 1}}));
  EXPECT_NE(of({{folder / "a", 1}, {folder / "longer", 1}}), of({{folder / "longer", 1}, {folder / "a", 1}}));
}

TEST(BatchSource, WhatCannotBeTrainedOnIsRefusedByName) {
  const TemporaryFolder folder;
  write_counting_corpus(folder / "c", 300);
  const auto error = [&](const config::Data& data, int64_t length, int64_t vocabulary, ErrorCode code) {
    const auto source = BatchSource::open(data, length, vocabulary, 1);
    if (source) return std::string("opened");
    EXPECT_EQ(source.error().code, code);
    return source.error().message;
  };
  EXPECT_THAT(error({}, 8, 300, ErrorCode::kInvalid), HasSubstr("no corpora"));
  EXPECT_THAT(error(one_corpus(folder / "none"), 8, 300, ErrorCode::kNotFound), HasSubstr("none.idx"));
  EXPECT_THAT(error(one_corpus(folder / "c"), 300, 300, ErrorCode::kInvalid),
              HasSubstr("300 tokens are less than"));
  EXPECT_EQ(error(one_corpus(folder / "c"), 299, 300, ErrorCode::kInvalid), "opened");
  EXPECT_THAT(error(one_corpus(folder / "c"), 8, 256, ErrorCode::kInvalid), HasSubstr("holds token 299"));
  EXPECT_THAT(error({{{folder / "c", 0}}}, 8, 300, ErrorCode::kInvalid),
              HasSubstr("all corpus weights are 0"));
}

TEST(BatchSource, ATokenThatTurnsBadUnderARunIsReported) {
  const TemporaryFolder folder;
  write_counting_corpus(folder / "c", 300);
  const auto source = BatchSource::open(one_corpus(folder / "c"), 299, 300, 1);
  ASSERT_TRUE(source);
  std::vector<int32_t> tokens(300);
  ASSERT_TRUE(source->read_sample(0, tokens.data()));
  std::filesystem::resize_file(folder / "c.bin", 598);
  folder.write("c.bin", std::string(600, '\xff'));
  const auto read = source->read_sample(0, tokens.data());
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("token 65535 at position 0 is outside the vocabulary of 300"));
}

}  // namespace
}  // namespace longhaul::trainer::data
