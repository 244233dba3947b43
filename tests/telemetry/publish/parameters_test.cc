#include "telemetry/publish/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::telemetry::publish {
namespace {

using testing::HasSubstr;

http::Request asking(http::Fields query) {
  http::Request r;
  r.query = std::move(query);
  return r;
}

TEST(Parameters, RightOnesAreReadAndAbsentOnesAreNothing) {
  const auto request = asking({{"from", "12"}, {"order", "desc"}, {"to", ""}});
  Parameters p(request, {"from", "to", "order"});
  EXPECT_EQ(p.integer("from", 0, 100), 12);
  EXPECT_EQ(p.integer("to", 0, 100), std::nullopt);
  EXPECT_EQ(p.choice("order", {"asc", "desc"}), "desc");
  EXPECT_FALSE(p.wrong());
}

TEST(Parameters, EachKindOfWrongIsNamed) {
  const std::pair<http::Fields, const char*> cases[] = {
      {{{"from", "x"}}, "parameter 'from' is 'x'; it must be an integer from 0 to 100"},
      {{{"from", "101"}}, "parameter 'from' is '101'; it must be an integer from 0 to 100"},
      {{{"from", "-1"}}, "'-1'; it must be an integer"},
      {{{"from", "1.5"}}, "'1.5'; it must be an integer"},
      {{{"from", "99999999999999999999"}}, "it must be an integer"},
      {{{"order", "up"}}, "parameter 'order' is 'up'; it must be asc or desc"},
      {{{"form", "1"}},
       "parameter 'form' is '1'; it must be absent: this route has the parameters from, order"},
      {{{"from", "1"}, {"from", "2"}}, "parameter 'from' is '1'; it must be given once"},
  };
  for (const auto& [query, says] : cases) {
    const auto request = asking(query);
    Parameters p(request, {"from", "order"});
    (void)p.integer("from", 0, 100);
    (void)p.choice("order", {"asc", "desc"});
    ASSERT_TRUE(p.wrong()) << says;
    EXPECT_EQ(p.wrong()->status, 400);
    EXPECT_THAT(p.wrong()->body, HasSubstr(says));
  }
}

}  // namespace
}  // namespace longhaul::telemetry::publish
