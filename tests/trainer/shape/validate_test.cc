#include "trainer/shape/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

using ::testing::HasSubstr;

const config::Model kModel{
    .layers = 4, .hidden = 256, .heads = 4, .sequence_length = 256, .vocabulary_size = 256};

std::string topology_error(config::Model model, config::Parallel parallel, config::Batch batch) {
  const auto result = validate_topology(model, parallel, batch);
  return result.has_value() ? "" : result.error().message;
}

TEST(Validate, AcceptsTheDemoAtEverySizeThatHasAMicroBatchForEachRank) {
  for (int data = 1; data <= 8; ++data) {
    EXPECT_EQ(topology_error(kModel, {.data = data}, {.micro = 2, .global = 16}), "");
  }
  EXPECT_THAT(topology_error(kModel, {.data = 9}, {.micro = 2, .global = 16}), HasSubstr("parallel.data"));
}

TEST(Validate, NamesTheKeysThatDoNotFitTogether) {
  config::Model model = kModel;
  model.heads = 3;
  EXPECT_THAT(topology_error(model, {}, {}),
              HasSubstr("model.hidden: 256 is not divisible by model.heads: 3"));
  model = {.layers = 1, .hidden = 6, .heads = 2, .sequence_length = 1, .vocabulary_size = 1};
  EXPECT_THAT(topology_error(model, {}, {}), HasSubstr("head size 3 is odd"));
  model = kModel;
  model.layers = 0;
  EXPECT_THAT(topology_error(model, {}, {}), HasSubstr("model.layers: 0"));
  EXPECT_THAT(topology_error(kModel, {}, {.micro = 3, .global = 16}), HasSubstr("batch.global: 16"));
  EXPECT_THAT(topology_error(kModel, {}, {.micro = 1, .global = 5000}), HasSubstr("at most 4096"));
  EXPECT_THAT(topology_error(kModel, {.tensor = 2}, {}), HasSubstr("parallel.tensor: 2"));
  EXPECT_THAT(topology_error(kModel, {.pipeline = 2}, {}), HasSubstr("parallel.pipeline: 2"));
}

TEST(Validate, RefusesARunWhoseNumbersCannotBeCounted) {
  config::RunConfig run;
  run.model = kModel;
  run.batch = {.micro = 2, .global = 16};
  run.run.target_steps = 1'000'000;
  EXPECT_TRUE(validate_run(run));
  run.run.target_steps = int64_t{1} << 50;
  EXPECT_THAT(validate_run(run).error().message, HasSubstr("tokens are more than can be counted"));
  run.run.target_steps = 10;
  run.model = {.layers = 10'000,
               .hidden = 1'000'000,
               .heads = 1000,
               .sequence_length = 10'000'000,
               .vocabulary_size = 100'000'000};
  run.batch = {.micro = 1'000'000, .global = 1'000'000};
  EXPECT_THAT(validate_run(run).error().message, HasSubstr("bytes of memory, more than can be counted"));
}

}  // namespace
}  // namespace longhaul::trainer
