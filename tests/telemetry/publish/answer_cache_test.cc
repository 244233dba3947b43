#include "telemetry/publish/answer_cache.h"

#include <gtest/gtest.h>

namespace longhaul::telemetry::publish {
namespace {

http::Request ask(const std::string& target) {
  auto parsed = http::parse_target(target).value();
  return {.method = "GET", .path = parsed.path, .query = parsed.query};
}

TEST(AnswerCache, TheSameQuestionHasTheSameAnswerForASecond) {
  AnswerCache cache;
  cache.keep(ask("/api/v1/series?metric=loss"), http::json_response("{\"a\":1}"), 1000);
  ASSERT_NE(cache.find(ask("/api/v1/series?metric=loss"), 2000), nullptr);
  EXPECT_EQ(cache.find(ask("/api/v1/series?metric=loss"), 2000)->body, "{\"a\":1}");
  EXPECT_EQ(cache.find(ask("/api/v1/series?metric=loss"), 2001), nullptr);
  cache.keep(ask("/api/v1/series?metric=loss"), http::json_response("{\"a\":2}"), 2001);
  EXPECT_EQ(cache.find(ask("/api/v1/series?metric=loss"), 2001)->body, "{\"a\":2}");
}

TEST(AnswerCache, AnotherQuestionIsAnotherEntry) {
  AnswerCache cache;
  cache.keep(ask("/api/v1/series?a=b"), http::json_response("{}"), 0);
  for (const char* other : {"/api/v1/series", "/api/v1/series?a=b&c", "/api/v1/series?ab",
                            "/api/v1/series?a=bc", "/api/v1/series%3Fa=b"}) {
    EXPECT_EQ(cache.find(ask(other), 0), nullptr) << other;
  }
}

TEST(AnswerCache, KeepsNoErrorNoFileAndNoMoreThanItHasRoomFor) {
  AnswerCache cache;
  cache.keep(ask("/api/v1/run"), http::problem(500, "Internal error", "x"), 0);
  EXPECT_EQ(cache.find(ask("/api/v1/run"), 0), nullptr);
  cache.keep(ask("/healthz"), http::text_response("ok"), 0);
  EXPECT_EQ(cache.find(ask("/healthz"), 0), nullptr);
  int kept = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto question = ask("/api/v1/series?points=" + std::to_string(i));
    cache.keep(question, http::json_response("{}"), 0);
    kept += cache.find(question, 0) != nullptr;
  }
  EXPECT_EQ(kept, 64);
  cache.keep(ask("/api/v1/run"), http::json_response("{}"), 5000);
  EXPECT_NE(cache.find(ask("/api/v1/run"), 5000), nullptr) << "old ones make room";
  cache.keep(ask("/api/v1/nodes"), http::json_response(std::string(17 << 20, 'x')), 5000);
  EXPECT_EQ(cache.find(ask("/api/v1/nodes"), 5000), nullptr);
}

}  // namespace
}  // namespace longhaul::telemetry::publish
