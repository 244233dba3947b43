#include "telemetry/http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json/json.h"

namespace longhaul::telemetry::http {
namespace {

TEST(Message, ATargetIsDecodedOnceAndKeepsItsOrder) {
  const auto t = parse_target("/a%20b/%2e?x=1+2&&y=%3D&z&x=2").value();
  EXPECT_EQ(t.path, "/a b/.");
  EXPECT_EQ(t.query, (Fields{{"x", "1 2"}, {"y", "="}, {"z", ""}, {"x", "2"}}));
}

TEST(Message, ATargetThatIsNoPathOrHoldsABadEscapeIsInvalid) {
  for (const char* target : {"", "*", "http://host/", "/%", "/%2", "/%zz", "/a%00b", "/?q=%0"}) {
    EXPECT_FALSE(parse_target(target)) << target;
  }
}

TEST(Message, AnEtagMatchesInListsWeaklyAndByStar) {
  EXPECT_TRUE(etag_matches("\"a\", W/\"b\"", "\"b\""));
  EXPECT_TRUE(etag_matches("*", "\"b\""));
  EXPECT_FALSE(etag_matches("\"a\",\"bb\"", "\"b\""));
  EXPECT_FALSE(etag_matches("", "\"b\""));
}

TEST(Message, AnEncodingCountsOnlyWhenItIsNamedAndNotRefused) {
  EXPECT_TRUE(accepts_encoding("gzip, deflate, br", "br"));
  EXPECT_TRUE(accepts_encoding("BR;q=0.001", "br"));
  EXPECT_FALSE(accepts_encoding("gzip, br;q=0", "br"));
  EXPECT_FALSE(accepts_encoding("br; q=0.000", "br"));
  EXPECT_FALSE(accepts_encoding("brotli", "br"));
  EXPECT_FALSE(accepts_encoding("", "gzip"));
}

TEST(Message, ABadParameterIsNamedWithItsValueAndWhatIsRight) {
  const Response r = bad_parameter("points", "<b>\n\xff", "an integer from 1 to 5000");
  EXPECT_EQ(r.status, 400);
  EXPECT_EQ(*find_field(r.headers, "content-type"), "application/problem+json");
  const auto o = json::parse_object(r.body).value();
  EXPECT_EQ(json::get_string(o, "detail").value(),
            "parameter 'points' is '<b>?\?'; it must be an integer from 1 to 5000");
  EXPECT_EQ(json::get_string(o, "parameter").value(), "points");
  EXPECT_EQ(json::get_int(o, "status").value(), 400);
}

TEST(Message, AProblemIsUtf8WhateverItQuotes) {
  EXPECT_THAT(problem(404, "Not found", "a × b").body, testing::HasSubstr("a × b"));
  EXPECT_THAT(problem(404, "Not found", "a \xff b").body, testing::HasSubstr("a ? b"));
  EXPECT_THAT(bad_parameter("\xff\n", "x", "absent").body, testing::HasSubstr(R"("parameter":"??")"));
}

TEST(Message, ADateIsTheFixedFormOfTheStandard) {
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Message, AnErrorBecomesTheStatusOfItsKind) {
  EXPECT_EQ(problem(Error{ErrorCode::kNotFound, "x"}).status, 404);
  EXPECT_EQ(problem(Error{ErrorCode::kUnavailable, "x"}).status, 503);
  EXPECT_EQ(problem(Error{ErrorCode::kCorrupt, "x"}).status, 500);
}

}  // namespace
}  // namespace longhaul::telemetry::http
