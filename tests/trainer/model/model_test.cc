#include "trainer/model/model.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "tests/trainer/model/reference_model.h"
#include "trainer/kernels/determined_math.h"
#include "trainer/kernels/float_mode.h"
#include "trainer/model/initialize.h"
#include "trainer/shape/cost.h"

namespace longhaul::trainer {
namespace {

// Sizes that are no multiple of a vector, a tile or a panel, and an odd vocabulary.
const config::Model kOdd{.layers = 2, .hidden = 60, .heads = 3, .sequence_length = 37, .vocabulary_size = 91};
const config::Model kEven{
    .layers = 2, .hidden = 64, .heads = 4, .sequence_length = 80, .vocabulary_size = 256};

struct Sample {
  std::vector<Bf16> weights;
  std::vector<int32_t> tokens, targets;
};

// Weights far enough from the initial ones that every gradient matters.
Sample make_sample(const config::Model& model, const ParameterLayout& layout, int64_t batch, double spread) {
  Sample sample;
  std::mt19937 random(11);
  std::normal_distribution<double> normal(0, spread);
  sample.weights.resize(layout.padded_size(), Bf16{0});
  for (const ParameterTensor& tensor : layout.tensors()) {
    const double centre = tensor.initial_value == InitialValue::kOne ? 1.0 : 0.0;
    for (int64_t i = 0; i < tensor.size; ++i) {
      sample.weights[tensor.offset + i] = to_bf16(static_cast<float>(centre + normal(random)));
    }
  }
  for (int64_t i = 0; i < batch * model.sequence_length; ++i) {
    sample.tokens.push_back(static_cast<int32_t>(random() % model.vocabulary_size));
    sample.targets.push_back(static_cast<int32_t>(random() % model.vocabulary_size));
  }
  return sample;
}

class ModelTest : public testing::TestWithParam<config::Model> {};

TEST_P(ModelTest, LossAndEveryTensorsGradientAreNearTheReference) {
  const int64_t batch = 2;
  Model model(GetParam(), batch);
  const ReferenceModel reference(GetParam(), batch);
  const Sample sample = make_sample(GetParam(), model.layout(), batch, 0.08);

  std::vector<double> wide;
  for (Bf16 weight : sample.weights) wide.push_back(to_float(weight));
  std::vector<double> expected(1);
  const double expected_loss = reference.loss_and_gradients(wide, sample.tokens, sample.targets, expected);

  std::vector<float> grads(model.layout().padded_size(), NAN);
  std::vector<double> losses(batch);
  const float loss = model.forward_backward(sample.weights.data(), sample.tokens.data(),
                                            sample.targets.data(), grads.data(), losses.data());
  EXPECT_NEAR(loss, expected_loss, 2e-3 * expected_loss);
  EXPECT_EQ(loss, static_cast<float>((losses[0] + losses[1]) / 2));
  for (const ParameterTensor& tensor : model.layout().tensors()) {
    // The key biases' gradient is zero but for rounding: softmax does not see a constant added to all scores.
    // Compare each tensor's whole difference with its whole size, bf16 having 8 bits.
    double difference = 0, size = 0;
    for (int64_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      difference += (grads[i] - expected[i]) * (grads[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    EXPECT_LT(std::sqrt(difference), 0.015 * std::sqrt(size)) << tensor.name;
  }
  for (int64_t i = model.layout().size(); i < model.layout().padded_size(); ++i) EXPECT_EQ(grads[i], 0.0f);
}

TEST_P(ModelTest, EveryInstructionSetGivesTheSameBits) {
  const int64_t batch = 2;
  std::vector<float> first;
  float first_loss = 0;
  for (const Kernels* kernels : usable_kernels()) {
    Model model(GetParam(), batch, *kernels);
    const Sample sample = make_sample(GetParam(), model.layout(), batch, 0.08);
    std::vector<float> grads(model.layout().padded_size());
    std::vector<double> losses(batch), again(batch);
    const float loss = model.forward_backward(sample.weights.data(), sample.tokens.data(),
                                              sample.targets.data(), grads.data(), losses.data());
    model.forward_loss(sample.weights.data(), sample.tokens.data(), sample.targets.data(), again.data());
    EXPECT_EQ(losses, again) << "evaluation differs from training";
    if (first.empty()) {
      first = grads;
      first_loss = loss;
      continue;
    }
    EXPECT_EQ(loss, first_loss) << kernels->name;
    for (const ParameterTensor& tensor : model.layout().tensors()) {
      EXPECT_EQ(std::memcmp(&first[tensor.offset], &grads[tensor.offset], tensor.size * sizeof(float)), 0)
          << kernels->name << " " << tensor.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ModelTest, testing::Values(kOdd, kEven));

// From the demo's size up; in smaller networks the fixed working memory that the estimate leaves out is a
// quarter and more.
TEST(Model, ItsMemoryIsNearTheEstimate) {
  const config::Model demo{
      .layers = 4, .hidden = 256, .heads = 4, .sequence_length = 256, .vocabulary_size = 256};
  const config::Model larger{
      .layers = 6, .hidden = 384, .heads = 6, .sequence_length = 256, .vocabulary_size = 4096};
  for (const auto& [shape, batch] : {std::pair{demo, 2}, {larger, 8}}) {
    const double estimate = static_cast<double>(memory_estimate(shape, batch, 1).activations);
    EXPECT_NEAR(static_cast<double>(Model(shape, batch).workspace_bytes()) / estimate, 1.0, 0.1);
  }
}

TEST(Model, GradientsDoNotDependOnWhatWasComputedBefore) {
  Model model(kOdd, 1);
  const Sample sample = make_sample(kOdd, model.layout(), 1, 0.1);
  std::vector<float> once(model.layout().padded_size()), twice(once.size());
  double loss = 0;
  model.forward_backward(sample.weights.data(), sample.tokens.data(), sample.targets.data(), once.data(),
                         &loss);
  model.forward_backward(sample.weights.data(), sample.targets.data(), sample.tokens.data(), twice.data(),
                         &loss);
  model.forward_backward(sample.weights.data(), sample.tokens.data(), sample.targets.data(), twice.data(),
                         &loss);
  EXPECT_EQ(std::memcmp(once.data(), twice.data(), once.size() * sizeof(float)), 0);
}

// Every digest of a run hangs on these bits: compilers, CPUs and refactorings must leave them alone. A change
// on purpose records the new number here and says so in CHANGELOG.md.
TEST(Model, BitsAreThoseThatWereRecorded) {
  const config::Model shape{
      .layers = 2, .hidden = 48, .heads = 3, .sequence_length = 70, .vocabulary_size = 101};
  Model model(shape, 2);
  const int64_t size = model.layout().padded_size();
  std::vector<float> master(size), grads(size);
  std::vector<Bf16> weights(size);
  initialize(model.layout(), shape, 5, {0, size}, master.data());
  fastest_kernels().round_to_bf16(master.data(), weights.data(), size);
  std::vector<int32_t> tokens, targets;
  for (int32_t i = 0; i < 140; ++i) {
    tokens.push_back((i * i * 7 + i / 5) % 101);
    targets.push_back((i * 11 + i * i) % 101);
  }
  std::vector<double> losses(2);
  const float loss =
      model.forward_backward(weights.data(), tokens.data(), targets.data(), grads.data(), losses.data());
  uint64_t digest = 0xcbf29ce484222325ull;  // FNV-1a over the gradients' words
  for (float gradient : grads) digest = (digest ^ std::bit_cast<uint32_t>(gradient)) * 0x100000001b3ull;
  EXPECT_EQ(std::bit_cast<uint32_t>(loss), 1084213205u);  // 4.9931
  EXPECT_EQ(digest, 13460895788531090362ull);
}

TEST(Model, ATinyOneLearnsAFixedBatchByHeart) {
  const config::Model shape{
      .layers = 2, .hidden = 32, .heads = 2, .sequence_length = 16, .vocabulary_size = 32};
  const Kernels& kernels = fastest_kernels();
  Model model(shape, 2);
  const FlushSubnormals flush;
  const int64_t size = model.layout().padded_size();
  std::vector<float> master(size), m(size), v(size), grads(size);
  std::vector<Bf16> weights(size);
  initialize(model.layout(), shape, 1, {0, size}, master.data());
  kernels.round_to_bf16(master.data(), weights.data(), size);
  std::vector<int32_t> tokens, targets;
  for (int32_t i = 0; i < 32; ++i) {
    tokens.push_back((i * i * 7 + i / 5) % 32);
    targets.push_back((i * 11 + i * i) % 32);
  }
  std::vector<double> losses(2);
  float loss = 0, first = 0;
  for (int step = 1; step <= 150; ++step) {
    loss = model.forward_backward(weights.data(), tokens.data(), targets.data(), grads.data(), losses.data());
    if (step == 1) first = loss;
    kernels.adamw({.learning_rate = 3e-3f,
                   .m_correction = adamw_correction(0.9, step),
                   .v_correction = adamw_correction(0.95, step)},
                  {size, grads.data(), master.data(), m.data(), v.data(), master.data(), m.data(), v.data(),
                   weights.data()});
  }
  EXPECT_NEAR(first, std::log(32.0), 0.4);
  EXPECT_LT(loss, 0.05);
}

}  // namespace
}  // namespace longhaul::trainer
