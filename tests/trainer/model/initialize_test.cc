#include "trainer/model/initialize.h"

#include <cmath>

#include <gtest/gtest.h>

#include "trainer/model/philox.h"

namespace longhaul::trainer {
namespace {

const config::Model kModel{
    .layers = 2, .hidden = 128, .heads = 4, .sequence_length = 8, .vocabulary_size = 256};

TEST(Initialize, PhiloxGivesTheKnownAnswersOfItsAuthors) {
  // Random123's kat_vectors, philox4x32 10.
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Initialize, AnySliceIsThatSliceOfTheWhole) {
  const auto layout = ParameterLayout::build(kModel);
  ASSERT_TRUE(layout.has_value());
  std::vector<float> whole(layout->padded_size()), pieces(whole.size());
  initialize(*layout, kModel, 42, {0, layout->padded_size()}, whole.data());
  for (int rank = 0; rank < 5; ++rank) {
    const Range range = layout->shard_range(rank, 5);
    initialize(*layout, kModel, 42, range, pieces.data() + range.begin);
  }
  EXPECT_EQ(whole, pieces);
  initialize(*layout, kModel, 43, {0, layout->padded_size()}, pieces.data());
  EXPECT_NE(whole, pieces);
}

TEST(Initialize, EveryTensorHasTheDeviationOfItsKind) {
  const auto layout = ParameterLayout::build(kModel);
  ASSERT_TRUE(layout.has_value());
  std::vector<float> master(layout->padded_size());
  initialize(*layout, kModel, 1, {0, layout->padded_size()}, master.data());
  for (const ParameterTensor& tensor : layout->tensors()) {
    double sum = 0, squares = 0;
    for (int64_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      sum += master[i];
      squares += static_cast<double>(master[i]) * static_cast<double>(master[i]);
    }
    const double n = static_cast<double>(tensor.size);
    if (tensor.shape.size() == 1) {
      const bool one = tensor.initial_value == InitialValue::kOne;
      EXPECT_EQ(squares, one ? n : 0.0) << tensor.name;
      continue;
    }
    const bool output =
        tensor.name.ends_with("attention.dense.weight") || tensor.name.ends_with("4h_to_h.weight");
    const double sigma = initial_sigma(128) / (output ? 2.0 : 1.0);  // sqrt(2 * 2 layers) = 2
    EXPECT_NEAR(std::sqrt(squares / n) / sigma, 1.0, 4.0 / std::sqrt(n)) << tensor.name;
    EXPECT_NEAR(sum / n / sigma, 0.0, 5.0 / std::sqrt(n)) << tensor.name;
  }
  EXPECT_NEAR(initial_sigma(14336), 0.0048, 0.00005);
}

}  // namespace
}  // namespace longhaul::trainer
