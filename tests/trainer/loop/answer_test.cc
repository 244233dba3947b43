#include "trainer/loop/answer.h"

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

TEST(Answer, CarriesAValueOrAnErrorWithItsCode) {
  EXPECT_EQ(*parse_answer(answer_text(std::string("a\n\"b\""))), "a\n\"b\"");
  const auto error = parse_answer(answer_text(Error{ErrorCode::kNoSpace, "disk full"}));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(error.error().message, "disk full");
}

TEST(Answer, WhatIsNoAnswerIsNotTakenForTheErrorOfAnotherRank) {
  for (const char* text : {"", "{}", "[]", "value", R"({"value":5})", R"({"code":99,"message":"m"})",
                           R"({"code":-1,"message":"m"})", R"({"code":3})", R"({"message":"m"})"}) {
    const auto answer = read_answer(text);
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().code, ErrorCode::kCorrupt) << text;
    EXPECT_EQ(parse_answer(text).error().code, ErrorCode::kCorrupt) << text;
  }
  const auto told = read_answer(answer_text(Error{ErrorCode::kDenied, "fenced"}));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->error->code, ErrorCode::kDenied);
}

}  // namespace
}  // namespace longhaul::trainer
