#include "checkpoint/format/layout.h"

#include <gtest/gtest.h>

namespace longhaul::checkpoint {
namespace {

TEST(Layout, AllowsPaddingBetweenAndAfterTensors) {
  EXPECT_TRUE(check_layout({{{"a", {3, 5}, 0, 15}, {"b", {7}, 16, 7}}, 40}));
}

TEST(Layout, NamesTheTensorAndTheRuleItBreaks) {
  const struct {
    Layout layout;
    const char* message;
  } cases[] = {
      {{{}, 0}, "impossible size 0"},
      {{{}, -1}, "impossible size -1"},
      {{{{"", {1}, 0, 1}}, 8}, "no name"},
      {{{{"a", {3, 5}, 0, 14}}, 40}, "'a' has size 14, its shape 15"},
      {{{{"a", {3, 0}, 0, 0}}, 40}, "'a' has the extent 0"},
      {{{{"a", {int64_t{1} << 40, int64_t{1} << 40}, 0, 1}}, 40}, "'a' overflows"},
      {{{{"a", {4}, 0, 4}, {"b", {4}, 3, 4}}, 40}, "'b' begins at 3"},
      {{{{"a", {4}, 0, 4}, {"a", {4}, 4, 4}}, 40}, "'a' is there twice"},
      {{{{"a", {4}, 37, 4}}, 40}, "'a' of size 4 at 37 ends after"},
      {{{{"a", {4}, INT64_MAX, 4}}, 40}, "'a' of size 4 at 9223372036854775807 ends after"},
  };
  for (const auto& c : cases) {
    const auto checked = check_layout(c.layout);
    ASSERT_FALSE(checked) << c.message;
    EXPECT_NE(checked.error().message.find(c.message), std::string::npos) << checked.error().message;
  }
}

}  // namespace
}  // namespace longhaul::checkpoint
