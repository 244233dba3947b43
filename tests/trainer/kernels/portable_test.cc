// Every table against plain double arithmetic; that the tables agree bit for bit is tested beside this.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/trainer/kernels/kernel_data.h"
#include "trainer/kernels/determined_math.h"
#include "trainer/kernels/float_mode.h"
#include "trainer/kernels/tables.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class KernelsTest : public testing::TestWithParam<const Kernels*> {
 protected:
  const Kernels& kernels_ = *GetParam();
  KernelData data_{9};
  FlushSubnormals flush_;
};

TEST_P(KernelsTest, MatrixProductOfEveryFormIsNearTheExactOne) {
  for (const auto& [m, n, k] : {std::tuple{5, 7, 10}, {40, 100, 600}, {17, 16, 1300}}) {
    for (const bool a_transposed : {false, true}) {
      for (const bool b_transposed : {false, true}) {
        const auto a = data_.halves(m * k), b = data_.halves(n * k);
        std::vector<float> out(m * n, 1.0f);
        Workspace workspace(kernels_.gemm_workspace_bytes(m, n, k));
        kernels_.gemm({.m = m,
                       .n = n,
                       .k = k,
                       .a = a.data(),
                       .a_stride = a_transposed ? m : k,
                       .a_transposed = a_transposed,
                       .b = b.data(),
                       .b_stride = b_transposed ? k : n,
                       .b_transposed = b_transposed,
                       .out_f32 = out.data(),
                       .accumulate = true,
                       .out_stride = n},
                      workspace.get());
        for (int64_t row = 0; row < m; ++row) {
          for (int64_t column = 0; column < n; ++column) {
            double sum = 1.0;
            for (int64_t i = 0; i < k; ++i) {
              sum += static_cast<double>(to_float(a[a_transposed ? i * m + row : row * k + i])) *
                     static_cast<double>(to_float(b[b_transposed ? column * k + i : i * n + column]));
            }
            ASSERT_NEAR(out[row * n + column], sum, 1e-6 * static_cast<double>(k));
          }
        }
      }
    }
  }
}

TEST_P(KernelsTest, GeluAndItsDerivativeAreNearTheExactOnes) {
  std::vector<Bf16> x, one;
  for (float value = -12.0f; value < 12.0f; value += 0.01f) x.push_back(to_bf16(value));
  one.resize(x.size(), to_bf16(1.0f));
  std::vector<Bf16> out(x.size(), Bf16{0}), d_x(x.size(), Bf16{0});
  kernels_.gelu_forward(x.data(), out.data(), static_cast<int64_t>(x.size()));
  kernels_.gelu_backward(x.data(), one.data(), d_x.data(), static_cast<int64_t>(x.size()));
  for (size_t i = 0; i < x.size(); ++i) {
    const double value = to_float(x[i]), scale = std::sqrt(2.0 / M_PI);
    const double t = std::tanh(scale * (value + 0.044715 * value * value * value));
    const double derivative =
        0.5 * (1 + t) + 0.5 * value * (1 - t * t) * scale * (1 + 3 * 0.044715 * value * value);
    ASSERT_NEAR(to_float(out[i]), 0.5 * value * (1 + t), 0.0042 * std::fabs(0.5 * value * (1 + t)) + 1e-7)
        << value;
    ASSERT_NEAR(to_float(d_x[i]), derivative, 0.0042 * std::fabs(derivative) + 1e-5) << value;
  }
}

TEST_P(KernelsTest, CrossEntropyIsExactToAFloatAndItsGradientSumsToZero) {
  const int64_t n = 203;
  const std::vector<float> logits = data_.floats(n, 6.0f);
  std::vector<float> scratch = logits;
  std::vector<Bf16> d_logits(n, Bf16{0});
  const int32_t target = 77;
  float loss = 0;
  kernels_.cross_entropy({.rows = 1,
                          .vocabulary = n,
                          .stride = n,
                          .logits = scratch.data(),
                          .targets = &target,
                          .losses = &loss,
                          .d_logits = d_logits.data(),
                          .gradient_scale = 0.5f});
  double sum = 0;
  for (float logit : logits) sum += std::exp(static_cast<double>(logit));
  EXPECT_NEAR(loss, std::log(sum) - static_cast<double>(logits[target]), 3e-6);
  for (int64_t i = 0; i < n; ++i) {
    const double expected =
        0.5 * (std::exp(static_cast<double>(logits[i])) / sum - (i == target ? 1.0 : 0.0));
    EXPECT_NEAR(to_float(d_logits[i]), expected, 0.004 * std::fabs(expected));
  }
}

TEST_P(KernelsTest, ANotANumberAmongTheLogitsReachesTheLoss) {
  std::vector<float> logits = data_.floats(40);
  logits[33] = std::nanf("");
  const int32_t target = 1;
  float loss = 0;
  kernels_.cross_entropy({.rows = 1,
                          .vocabulary = 40,
                          .stride = 40,
                          .logits = logits.data(),
                          .targets = &target,
                          .losses = &loss});
  EXPECT_TRUE(std::isnan(loss));
}

TEST_P(KernelsTest, AdamwStepsAsTheFormulaSays) {
  const int64_t n = 37, step = 3;
  const auto gradient = data_.floats(n, 0.1f), master = data_.floats(n), m = data_.floats(n, 0.1f);
  auto v = data_.floats(n, 0.1f);
  for (float& value : v) value *= value;
  std::vector<float> master_out(n), m_out(n), v_out(n);
  std::vector<Bf16> weights(n, Bf16{0});
  kernels_.adamw({.learning_rate = 1e-2f,
                  .weight_decay = 0.1f,
                  .gradient_scale = 0.5f,
                  .m_correction = adamw_correction(0.9, step),
                  .v_correction = adamw_correction(0.95, step)},
                 {n, gradient.data(), master.data(), m.data(), v.data(), master_out.data(), m_out.data(),
                  v_out.data(), weights.data()});
  for (int64_t i = 0; i < n; ++i) {
    const double g = 0.5 * static_cast<double>(gradient[i]);
    const double m1 = 0.9 * static_cast<double>(m[i]) + 0.1 * g;
    const double v1 = 0.95 * static_cast<double>(v[i]) + 0.05 * g * g;
    const double update = m1 / (1 - std::pow(0.9, 3)) / (std::sqrt(v1 / (1 - std::pow(0.95, 3))) + 1e-8);
    const double expected = static_cast<double>(master[i]) * (1 - 1e-3) - 1e-2 * update;
    EXPECT_NEAR(m_out[i], m1, 1e-7);
    EXPECT_NEAR(v_out[i], v1, 1e-8);
    EXPECT_NEAR(master_out[i], expected, 1e-6);
    EXPECT_EQ(weights[i].bits, to_bf16(master_out[i]).bits);
  }
}

TEST_P(KernelsTest, FixedPointSumsAreTheSameInAnyOrderAndExactToHalfAUnit) {
  const int64_t n = 1001, terms = 12;
  std::vector<std::vector<float>> values;
  for (int64_t i = 0; i < terms; ++i) values.push_back(data_.floats(n, i % 2 == 0 ? 1e-5f : 100.0f));
  std::vector<int64_t> forward(n), backward(n);
  for (int64_t i = 0; i < terms; ++i) {
    EXPECT_TRUE(kernels_.fixed_point_accumulate(values[i].data(), forward.data(), n));
    EXPECT_TRUE(kernels_.fixed_point_accumulate(values[terms - 1 - i].data(), backward.data(), n));
  }
  EXPECT_EQ(forward, backward);
  std::vector<float> mean(n);
  kernels_.fixed_point_to_float(forward.data(), mean.data(), n, static_cast<double>(terms));
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0, units = 0;
    for (const auto& value : values) {
      sum += static_cast<double>(value[i]);
      units += std::nearbyint(std::ldexp(static_cast<double>(value[i]), 40));
    }
    ASSERT_EQ(static_cast<double>(forward[i]), units);
    ASSERT_EQ(mean[i], static_cast<float>(std::ldexp(units, -40) / static_cast<double>(terms)));
    ASSERT_NEAR(std::ldexp(static_cast<double>(forward[i]), -40), sum, terms * 0x1p-41 + 1e-13);
  }
}

TEST_P(KernelsTest, FixedPointFlagsWhatItCannotHoldAndCountsItAsZero) {
  for (const float bad : {kInfinity, -kInfinity, std::nanf(""), 1024.5f, -1e30f}) {
    for (const int64_t at : {0, 9, 16}) {
      std::vector<float> values(17, 2.0f);
      values[at] = bad;
      std::vector<int64_t> sums(17, 5);
      EXPECT_FALSE(kernels_.fixed_point_accumulate(values.data(), sums.data(), 17)) << bad << " at " << at;
      for (int64_t i = 0; i < 17; ++i) EXPECT_EQ(sums[i], i == at ? 5 : 5 + (int64_t{2} << 40));
    }
  }
  std::vector<float> limits = {kFixedPointLimit, -kFixedPointLimit};
  std::vector<int64_t> sums(2);
  for (int64_t i = 0; i < kFixedPointMaxTerms; ++i) {
    ASSERT_TRUE(kernels_.fixed_point_accumulate(limits.data(), sums.data(), 2));
  }
  EXPECT_EQ(sums[0], int64_t{1} << 62);  // 4096 * 2^10 * 2^40
  EXPECT_EQ(sums[1], -(int64_t{1} << 62));
}

TEST_P(KernelsTest, BlockSquaresAreTheSumsOfSquares) {
  const auto values = data_.floats(2 * kBlockElements, 3.0f);
  double squares[2];
  kernels_.block_squares(values.data(), 2 * kBlockElements, squares);
  for (int block = 0; block < 2; ++block) {
    double sum = 0;
    for (int64_t i = 0; i < kBlockElements; ++i) {
      const double value = values[block * kBlockElements + i];
      sum += value * value;
    }
    EXPECT_NEAR(squares[block], sum, 1e-9);
  }
}

TEST_P(KernelsTest, RoundingToBf16IsNearestEvenAndKeepsSpecials) {
  std::vector<float> values = {1.0f,       1.00390625f, 1.01171875f, -0.0f,  kInfinity,
                               -kInfinity, 3.4e38f,     0x1p-130f,   1e-45f, std::nanf("")};
  std::vector<Bf16> out(values.size(), Bf16{0});
  kernels_.round_to_bf16(values.data(), out.data(), static_cast<int64_t>(values.size()));
  EXPECT_EQ(to_float(out[0]), 1.0f);
  EXPECT_EQ(to_float(out[1]), 1.0f);       // a tie, to even
  EXPECT_EQ(to_float(out[2]), 1.015625f);  // a tie, to even
  EXPECT_TRUE(std::signbit(to_float(out[3])));
  EXPECT_EQ(to_float(out[4]), kInfinity);
  EXPECT_EQ(to_float(out[5]), -kInfinity);
  EXPECT_EQ(to_float(out[6]), kInfinity);  // beyond the largest
  EXPECT_EQ(out[7].bits, 0x0008);          // a subnormal stays
  EXPECT_TRUE(std::isnan(to_float(out[9])));
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(out[i].bits, to_bf16(values[i]).bits);
}

INSTANTIATE_TEST_SUITE_P(Tables, KernelsTest, testing::ValuesIn(usable_kernels()),
                         [](const auto& table) { return std::string(table.param->name); });

}  // namespace
}  // namespace longhaul::trainer
