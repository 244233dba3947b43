#include "checkpoint/format/json_keys.h"

#include <gtest/gtest.h>

namespace longhaul::checkpoint {
namespace {

TEST(JsonKeys, FindsAKeyThatIsThereTwiceAtAnyDepth) {
  EXPECT_EQ(find_duplicate_key(R"({"a":1,"b":2,"a":3})"), "a");
  EXPECT_EQ(find_duplicate_key(R"({"x":[{"y":{"z":1,"z":1}}]})"), "z");
  EXPECT_EQ(find_duplicate_key(R"({"a":1,"\u0061":2})"), "a");
}

TEST(JsonKeys, AllowsTheSameKeyInDifferentObjects) {
  EXPECT_EQ(find_duplicate_key(R"({"a":{"a":1},"b":{"a":[{"a":1},{"a":2}]}})"), std::nullopt);
}

}  // namespace
}  // namespace longhaul::checkpoint
