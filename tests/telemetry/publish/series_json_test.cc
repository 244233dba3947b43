#include "telemetry/publish/series_json.h"

#include <gtest/gtest.h>

namespace longhaul::telemetry::publish {
namespace {

TEST(SeriesJson, IsColumnsOfEqualLengthWithNullForBucketsWithoutAFiniteValue) {
  Series s{.metric = "lo\"ss", .from = 1, .to = 8, .level = 1, .bucket_steps = 4};
  s.points.push_back({.first_step = 1,
                      .last_step = 3,
                      .n = 3,
                      .sum = 1.0,
                      .min = 0.25,
                      .max = 0.5,
                      .wall_ms = 7,
                      .tokens = 30});
  s.points.push_back({.first_step = 4, .last_step = 4, .nonfinite = 1, .wall_ms = 8});
  s.segments.push_back(
      {.id = 2, .branch = 1, .parent = 1, .first_step = 1, .end_step = 4, .reason = "rollback"});
  EXPECT_EQ(series_text(s, {{"seq", 41}}),
            R"({"metric":"lo\"ss","from":1,"to":8,"level":1,"bucket_steps":4,"step":[1,4],"last_step":[3,4],)"
            R"("n":[3,0],"mean":[0.333333333,null],"min":[0.25,null],"max":[0.5,null],"nonfinite":[0,1],)"
            R"("wall_ms":[7,8],"tokens":[30,null],"segments":[{"id":2,"branch":1,"parent":1,"first_step":1,)"
            R"("end_step":4,"cut_step":null,"reason":"rollback"}],"live":{"seq":41}})");
}

TEST(SeriesJson, AnEmptySeriesHasEmptyColumns) {
  const auto o = json::parse_object(series_text(Series{.metric = "loss"}, {})).value();
  EXPECT_TRUE(o.at("step").as_array().empty());
  EXPECT_TRUE(o.at("segments").as_array().empty());
}

}  // namespace
}  // namespace longhaul::telemetry::publish
