#include "tests/trainer/model/reference_model.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

TEST(ReferenceModel, EveryGradientEqualsItsFiniteDifference) {
  const config::Model model{
      .layers = 2, .hidden = 12, .heads = 3, .sequence_length = 5, .vocabulary_size = 7};
  const ReferenceModel reference(model, 2);
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, 0.5);
  std::vector<double> weights(reference.layout().padded_size());
  for (int64_t i = 0; i < reference.layout().size(); ++i) weights[i] = normal(random);
  std::vector<int32_t> tokens(10), targets(10);
  for (auto& token : tokens) token = static_cast<int32_t>(random() % 7);
  for (auto& target : targets) target = static_cast<int32_t>(random() % 7);

  std::vector<double> grads(1);
  reference.loss_and_gradients(weights, tokens, targets, grads);
  double largest = 0;
  for (const ParameterTensor& tensor : reference.layout().tensors()) {
    for (int64_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      const double step = 1e-5, kept = weights[i];
      weights[i] = kept + step;
      const double above = reference.loss(weights, tokens, targets);
      weights[i] = kept - step;
      const double below = reference.loss(weights, tokens, targets);
      weights[i] = kept;
      ASSERT_NEAR(grads[i], (above - below) / (2 * step), 1e-8)
          << tensor.name << " element " << i - tensor.offset;
      largest = std::max(largest, std::fabs(grads[i]));
    }
  }
  EXPECT_GT(largest, 1e-2);  // it is not all zero
}

}  // namespace
}  // namespace longhaul::trainer
