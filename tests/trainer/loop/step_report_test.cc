#include "trainer/loop/step_report.h"

#include <cmath>

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

config::RunConfig tiny_config() {
  config::RunConfig c;
  c.model = {1, 16, 2, 8, 64};
  c.batch = {2, 6};
  return c;
}

TEST(StepReport, CarriesTheLossExactlyAndCountsFromTheStart) {
  StepResult result;
  result.step = 7;
  result.loss = 2.4567891f;
  result.step_ms = 12;
  const auto line = *json::parse_object(json::to_text(step_line(tiny_config(), result)));
  EXPECT_EQ(static_cast<float>(*json::get_double(line, "loss")), 2.4567891f);
  EXPECT_EQ(*json::get_int(line, "step"), 7);
  EXPECT_EQ(*json::get_int(line, "samples"), 42);
  EXPECT_EQ(*json::get_int(line, "tokens"), 42 * 8);
  EXPECT_DOUBLE_EQ(*json::get_double(line, "tokens_per_second"), 6 * 8 / 0.012);
  EXPECT_FALSE(line.contains("loss_nonfinite"));
}

TEST(StepReport, SaysWhichNonFiniteLossItIs) {
  for (const auto& [loss, name] : {std::pair{std::nanf(""), "nan"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}}) {
    StepResult result;
    result.loss = loss;
    result.step_ms = 1;
    const auto line = step_line(tiny_config(), result);
    EXPECT_TRUE(line.at("loss").is_null());
    EXPECT_EQ(*json::get_string(line, "loss_nonfinite"), name);
    EXPECT_FALSE(line.contains("grad_norm_nonfinite"));
  }
}

TEST(StepReport, SaysWhichNonFiniteGradientNormItIs) {
  StepResult result;
  result.gradient_norm = INFINITY;
  result.step_ms = 1;
  const auto line = step_line(tiny_config(), result);
  EXPECT_TRUE(line.at("grad_norm").is_null());
  EXPECT_EQ(*json::get_string(line, "grad_norm_nonfinite"), "inf");
  EXPECT_FALSE(line.contains("loss_nonfinite"));
}

}  // namespace
}  // namespace longhaul::trainer
