#include "trainer/model/linear.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/trainer/kernels/kernel_data.h"
#include "trainer/kernels/float_mode.h"

namespace longhaul::trainer {
namespace {

// Two rows, three inputs... all values are small integers, so bf16 and f32 are exact.
TEST(Linear, ForwardAndGradientsOfASmallCaseAreExact) {
  const FlushSubnormals flush;
  const LinearShape shape = {2, 4, 3};
  const auto halves = [](std::initializer_list<float> values) {
    std::vector<Bf16> result;
    for (float value : values) result.push_back(to_bf16(value));
    return result;
  };
  const auto x = halves({1, 2, 3, 4, 0, -1, 2, 1}), weight = halves({1, 0, 2, 0, 0, 1, 1, 1, -1, 0, 0, 3}),
             bias = halves({1, 2, 3}), residual = halves({10, 20, 30, 40, 50, 60}),
             d_out = halves({1, 0, 2, 0, 1, -1});
  Workspace workspace(linear_workspace_bytes(fastest_kernels(), shape));
  const Compute compute = {fastest_kernels(), workspace.get()};
  const auto floats = [](const std::vector<Bf16>& values) {
    std::vector<float> result;
    for (Bf16 value : values) result.push_back(to_float(value));
    return result;
  };

  std::vector<Bf16> out(6, Bf16{0}), d_x(8, Bf16{0});
  linear_forward(compute, shape, x.data(), weight.data(), bias.data(), residual.data(), out.data());
  EXPECT_EQ(floats(out), (std::vector<float>{18, 31, 44, 45, 54, 66}));
  linear_backward_input(compute, shape, d_out.data(), weight.data(), d_x.data());
  EXPECT_EQ(floats(d_x), (std::vector<float>{-1, 0, 2, 6, 1, 1, 1, -2}));
  std::vector<float> d_weight(12, NAN), d_bias(3, NAN);
  linear_backward_weight(compute, shape, d_out.data(), x.data(), d_weight.data(), d_bias.data());
  EXPECT_EQ(d_weight, (std::vector<float>{1, 2, 3, 4, 0, -1, 2, 1, 2, 5, 4, 7}));
  EXPECT_EQ(d_bias, (std::vector<float>{1, 1, 1}));
}

}  // namespace
}  // namespace longhaul::trainer
