#include "trainer/data/index_format.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace longhaul::trainer::data {
namespace {

TEST(IndexFormat, WhatIsEncodedIsParsed) {
  for (const auto& lengths : std::vector<std::vector<int32_t>>{{}, {1}, {3, 1, 2147483647}}) {
    int64_t tokens = 0;
    for (const int32_t length : lengths) tokens += length;
    const auto index = parse_index(encode_index(TokenType::kInt32, lengths), "x.idx");
    ASSERT_TRUE(index) << index.error().message;
    EXPECT_EQ(index->type, TokenType::kInt32);
    EXPECT_EQ(index->documents, static_cast<int64_t>(lengths.size()));
    EXPECT_EQ(index->sequences, static_cast<int64_t>(lengths.size()));
    EXPECT_EQ(index->tokens, tokens);
  }
}

TEST(IndexFormat, AnyByteMayBeWrongAndNothingWorseThanAnErrorFollows) {
  const std::string good = encode_index(TokenType::kUint16, {3, 1, 4, 1, 5});
  // Two things can change unnoticed here: the last length (then the .bin has the wrong size) and where one
  // document begins (the stream of tokens is the same).
  constexpr size_t kLastLength = 34 + 4 * 4, kDocuments = 34 + 5 * 12;
  for (size_t at = 0; at < good.size(); ++at) {
    EXPECT_FALSE(parse_index(good.substr(0, at), "x.idx"));
    for (int i = 0; i < 8; ++i) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << i));
      const bool may_pass = (at >= kLastLength && at < kLastLength + 4) || at >= kDocuments;
      EXPECT_TRUE(!parse_index(bad, "x.idx") || may_pass) << "byte " << at << " bit " << i;
    }
  }
}

TEST(TokenTypeFor, LeavesRoomAsMegatronDoes) {
  EXPECT_EQ(token_type_for(65499), TokenType::kUint16);
  EXPECT_EQ(token_type_for(65500), TokenType::kInt32);
}

}  // namespace
}  // namespace longhaul::trainer::data
