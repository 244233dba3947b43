#include <cmath>

#include <gtest/gtest.h>

#include "telemetry/publish/publisher.h"

namespace longhaul::telemetry::publish {
namespace {

TEST(LiveBodies, AStepHasItsCurvesAndNullForWhatIsUnknown) {
  EXPECT_EQ(
      step_live_body(
          {7, 1000, 700, {{"loss", static_cast<double>(2.46F)}, {"step_ms", 12.5}, {"compute_ms", 3}}}),
      R"({"type":"step","step":7,"at_ms":1000,"tokens":700,"loss":2.46,"grad_norm":null,"learning_rate":null,)"
      R"("tokens_per_second":null,"step_ms":12.5})");
}

TEST(LiveBodies, TokensThatATrainerDoesNotCountAreUnknown) {
  EXPECT_TRUE(json::parse_object(step_live_body({7, 1000, 0, {}})).value().at("tokens").is_null());
}

TEST(LiveBodies, ANonFiniteLossIsNullAndNamed) {
  const auto o =
      json::parse_object(step_live_body({1, 0, 0, {{"loss", std::nan("")}, {"grad_norm", -INFINITY}}}))
          .value();
  EXPECT_TRUE(o.at("loss").is_null());
  EXPECT_EQ(o.at("loss_nonfinite").as_string(), "nan");
  EXPECT_EQ(o.at("grad_norm_nonfinite").as_string(), "-inf");
}

TEST(LiveBodies, AnEventIsTheOneOfTheEventsRoute) {
  const HistoryEvent e{.id = 3,
                       .wall_ms = 0,
                       .step = 5,
                       .kind = "rank_died",
                       .severity = "recovered",
                       .title = "A rank died.",
                       .lost_steps = 2,
                       .node = "node-1"};
  EXPECT_EQ(event_live_body(e),
            R"({"type":"event","event":{"id":3,"at":"1970-01-01T00:00:00.000Z","step":5,"to_step":null,)"
            R"("kind":"rank_died","severity":"recovered","title":"A rank died.","detail":"","lost_steps":2,)"
            R"("cost_s":null,"node":"node-1"}})");
}

}  // namespace
}  // namespace longhaul::telemetry::publish
