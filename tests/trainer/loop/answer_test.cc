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
  EXPECT_FALSE(parse_answer(R"({"code":99,"message":"m"})"));
}

}  // namespace
}  // namespace longhaul::trainer
