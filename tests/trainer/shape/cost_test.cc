#include "trainer/shape/cost.h"

#include <gtest/gtest.h>

namespace longhaul::trainer {
namespace {

const config::Model kBloom{
    .layers = 70, .hidden = 14336, .heads = 112, .sequence_length = 2048, .vocabulary_size = 250880};

TEST(Cost, CountsTheParametersOfBloom) { EXPECT_EQ(parameter_count(kBloom), 176'247'271'424); }

TEST(Cost, AgreesWithTheThroughputThatBloomReported) {
  // 384 GPUs, global batch 2048, 105.22 s an iteration: reported 149.02 TFLOPs a GPU, counted with the layers
  // computed twice forward (4/3) and the head (6·B·s·h·V) once.
  const double head = 6.0 * 2048 * 2048 * 14336 * 250880;
  const double per_gpu = ((model_flops(kBloom, 2048) - head) * 4 / 3 + head) / 105.22 / 384 / 1e12;
  EXPECT_NEAR(per_gpu, 149.02, 0.1);
}

TEST(Cost, HardwareFlopsDifferFromModelFlopsByTheCausalHalfAndTheRecomputation) {
  const double s = 2048, h = 14336, layers = 70;
  const double attention = 12.0 * 2048 * s * s * h * layers;  // the model's attention term, 6 full products
  const double expected =
      model_flops(kBloom, 2048) - attention + attention / 2 * 7 / 6;  // causal half, seven products for six
  EXPECT_NEAR(hardware_flops(kBloom, 2048) / expected, 1.0, 1e-9);
}

TEST(Cost, TheApproximateMemoryIsTheWholeOneOfASingleReplica) {
  const double total = static_cast<double>(memory_estimate(kBloom, 2, 1).total());
  EXPECT_NEAR(approximate_memory_bytes(kBloom, 2) / total, 1.0, 1e-6);
}

TEST(Cost, OptimizerStateShrinksWithDataParallelSize) {
  const MemoryEstimate one = memory_estimate(kBloom, 1, 1);
  const MemoryEstimate eight = memory_estimate(kBloom, 1, 8);
  EXPECT_NEAR(static_cast<double>(one.optimizer) / static_cast<double>(eight.optimizer), 8.0, 1e-3);
  EXPECT_EQ(one.weights, eight.weights);
  EXPECT_GT(one.activations, 0);
}

}  // namespace
}  // namespace longhaul::trainer
