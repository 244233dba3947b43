#include "base/json/json.h"

#include <limits>

#include <gtest/gtest.h>

namespace longhaul::json {
namespace {

TEST(Json, NamesTheFieldAndWhatItHeld) {
  const object o = parse_object(R"({"step":"seven","loss":2})").value();
  EXPECT_EQ(get_int(o, "step").error().message, "field 'step' is \"seven\"; it must be an integer");
  EXPECT_EQ(get_int(o, "rank").error().message, "field 'rank' is missing; it must be an integer");
  EXPECT_EQ(get_double(o, "loss").value(), 2.0);
}

TEST(Json, RefusesBrokenTextAndHostileDepth) {
  EXPECT_FALSE(parse("{\"a\":"));
  EXPECT_FALSE(parse(std::string(1000, '[')));
  EXPECT_FALSE(parse_object("[1]"));
}

TEST(Json, WritesNonFiniteNumbersAsNull) {
  EXPECT_EQ(to_text(number_or_null(std::numeric_limits<double>::quiet_NaN())), "null");
  EXPECT_TRUE(number_or_null(1.5).is_double());
}

}  // namespace
}  // namespace longhaul::json
