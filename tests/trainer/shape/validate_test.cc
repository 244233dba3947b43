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

}  // namespace
}  // namespace longhaul::trainer
