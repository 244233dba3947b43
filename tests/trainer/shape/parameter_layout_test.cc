#include "trainer/shape/parameter_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trainer/shape/cost.h"

namespace longhaul::trainer {
namespace {

const config::Model kDemo{
    .layers = 4, .hidden = 256, .heads = 4, .sequence_length = 256, .vocabulary_size = 256};
const config::Model kBloom{
    .layers = 70, .hidden = 14336, .heads = 112, .sequence_length = 2048, .vocabulary_size = 250880};

TEST(ParameterLayout, TensorsFollowOneAnotherWithoutHolesAndAddUpToTheFormula) {
  for (const config::Model& model : {kDemo, kBloom}) {
    const auto layout = ParameterLayout::build(model);
    ASSERT_TRUE(layout.has_value());
    int64_t next = 0;
    for (const ParameterTensor& tensor : layout->tensors()) {
      EXPECT_EQ(tensor.offset, next) << tensor.name;
      next += tensor.size;
    }
    EXPECT_EQ(next, layout->size());
    EXPECT_EQ(next, parameter_count(model));
    EXPECT_EQ(layout->padded_size() % kBlockElements, 0);
    EXPECT_LT(layout->padded_size() - layout->size(), kBlockElements);
  }
}

TEST(ParameterLayout, NamesAndShapesAreThoseOfHuggingFaceBloom) {
  const auto layout = ParameterLayout::build(
      {.layers = 1, .hidden = 8, .heads = 2, .sequence_length = 4, .vocabulary_size = 10});
  ASSERT_TRUE(layout.has_value());
  std::vector<std::pair<std::string, std::vector<int64_t>>> got;
  for (const ParameterTensor& tensor : layout->tensors()) got.emplace_back(tensor.name, tensor.shape);
  const std::vector<std::pair<std::string, std::vector<int64_t>>> expected = {
      {"word_embeddings.weight", {10, 8}},
      {"word_embeddings_layernorm.weight", {8}},
      {"word_embeddings_layernorm.bias", {8}},
      {"h.0.input_layernorm.weight", {8}},
      {"h.0.input_layernorm.bias", {8}},
      {"h.0.self_attention.query_key_value.weight", {24, 8}},
      {"h.0.self_attention.query_key_value.bias", {24}},
      {"h.0.self_attention.dense.weight", {8, 8}},
      {"h.0.self_attention.dense.bias", {8}},
      {"h.0.post_attention_layernorm.weight", {8}},
      {"h.0.post_attention_layernorm.bias", {8}},
      {"h.0.mlp.dense_h_to_4h.weight", {32, 8}},
      {"h.0.mlp.dense_h_to_4h.bias", {32}},
      {"h.0.mlp.dense_4h_to_h.weight", {8, 32}},
      {"h.0.mlp.dense_4h_to_h.bias", {8}},
      {"ln_f.weight", {8}},
      {"ln_f.bias", {8}},
  };
  EXPECT_EQ(got, expected);
}

TEST(ParameterLayout, ShardsOfAnyDataParallelSizeTileTheArenaOnBlockEdges) {
  const auto layout = ParameterLayout::build(kDemo);
  ASSERT_TRUE(layout.has_value());
  for (int dp_size = 1; dp_size <= 64; ++dp_size) {
    int64_t next = 0, smallest = layout->padded_size(), largest = 0;
    for (int rank = 0; rank < dp_size; ++rank) {
      const Range range = layout->shard_range(rank, dp_size);
      EXPECT_EQ(range.begin, next);
      EXPECT_EQ(range.begin % kBlockElements, 0);
      smallest = std::min(smallest, range.size());
      largest = std::max(largest, range.size());
      next = range.end;
    }
    EXPECT_EQ(next, layout->padded_size());
    EXPECT_LE(largest - smallest, kBlockElements) << dp_size;
  }
}

TEST(ParameterLayout, DecaySpansCoverARangeAndSkipBiasesLayerNormsAndPadding) {
  const auto layout = ParameterLayout::build(kDemo);
  ASSERT_TRUE(layout.has_value());
  std::vector<bool> decayed(static_cast<size_t>(layout->padded_size()), false);
  for (int rank = 0; rank < 7; ++rank) {
    const Range range = layout->shard_range(rank, 7);
    int64_t next = range.begin;
    for (const DecaySpan& span : layout->decay_spans(range)) {
      EXPECT_EQ(span.range.begin, next);
      next = span.range.end;
      for (int64_t i = span.range.begin; i < span.range.end; ++i) decayed[i] = span.weight_decay;
    }
    EXPECT_EQ(next, range.end);
  }
  std::vector<bool> expected(decayed.size(), false);
  for (const ParameterTensor& tensor : layout->tensors()) {
    for (int64_t i = 0; i < tensor.size; ++i) expected[tensor.offset + i] = tensor.shape.size() == 2;
  }
  EXPECT_EQ(decayed, expected);
}

TEST(ParameterLayout, RefusesTensorAndPipelineParallelismUntilTheyExist) {
  EXPECT_FALSE(ParameterLayout::build(kDemo, {.tensor_size = 2}).has_value());
  EXPECT_FALSE(ParameterLayout::build(kDemo, {.pipeline_size = 2}).has_value());
}

}  // namespace
}  // namespace longhaul::trainer
