#include "tests/trainer/kernels/same_bits.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "tests/trainer/kernels/kernel_data.h"
#include "trainer/kernels/float_mode.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

namespace {

using Bytes = std::vector<std::byte>;

template <class T>
void append(Bytes& to, const std::vector<T>& values) {
  const auto* start = reinterpret_cast<const std::byte*>(values.data());
  to.insert(to.end(), start, start + values.size() * sizeof(T));
}

Bytes gemms(const Kernels& kernels) {
  Bytes result;
  KernelData data(1);
  for (const auto& [m, n, k] :
       {std::tuple{1, 1, 1}, {8, 48, 16}, {13, 50, 21}, {29, 97, 64}, {70, 33, 1030}}) {
    for (int form = 0; form < 6; ++form) {
      const bool a_transposed = form >= 3, b_transposed = form % 3 == 1 && k % 2 == 0;
      const auto a = data.halves(k * m + 1), b = data.halves(k * n), bias = data.halves(n),
                 residual = data.halves(m * n);
      std::vector<float> out = data.floats(m * n);
      std::vector<Bf16> rounded(m * n, Bf16{0});
      Workspace workspace(kernels.gemm_workspace_bytes(m, n, k));
      Gemm gemm = {.m = m,
                   .n = n,
                   .k = k,
                   .a = a.data(),
                   .a_stride = a_transposed ? m : k,
                   .a_transposed = a_transposed,
                   .b = b.data(),
                   .b_stride = b_transposed ? k : n,
                   .b_transposed = b_transposed,
                   .out_f32 = out.data(),
                   .accumulate = form % 3 == 2,
                   .out_stride = n};
      kernels.gemm(gemm, workspace.get());
      append(result, out);
      if (a_transposed) continue;
      gemm.out_f32 = nullptr;
      gemm.accumulate = false;
      gemm.out_bf16 = rounded.data();
      gemm.bias = bias.data();
      gemm.residual = residual.data();
      gemm.residual_stride = n;
      kernels.gemm(gemm, workspace.get());
      append(result, rounded);
    }
  }
  return result;
}

Bytes attentions(const Kernels& kernels) {
  Bytes result;
  KernelData data(2);
  for (const auto& [sequence, size] : {std::pair{1, 2}, {17, 6}, {64, 16}, {131, 40}}) {
    const int64_t batch = 2, heads = 3, rows = batch * sequence, width = heads * size;
    const auto qkv = data.halves(rows * 3 * width), d_out = data.halves(rows * width);
    const auto slopes = std::vector<float>{0.5f, 0.25f, 0.0625f};
    std::vector<Bf16> out(rows * width, Bf16{0}), d_qkv(rows * 3 * width, Bf16{0});
    std::vector<float> row_max(rows * heads), row_scale(rows * heads);
    Workspace workspace(kernels.attention_workspace_bytes(sequence, size));
    const Attention attention = {.batch = batch,
                                 .sequence = sequence,
                                 .heads = heads,
                                 .head_size = size,
                                 .slopes = slopes.data(),
                                 .qkv = qkv.data(),
                                 .out = out.data(),
                                 .row_max = row_max.data(),
                                 .row_scale = row_scale.data(),
                                 .d_out = d_out.data(),
                                 .d_qkv = d_qkv.data()};
    kernels.attention_forward(attention, workspace.get());
    kernels.attention_backward(attention, workspace.get());
    append(result, out);
    append(result, d_qkv);
    append(result, row_max);
    append(result, row_scale);
  }
  return result;
}

Bytes rows(const Kernels& kernels) {
  Bytes result;
  KernelData data(3);
  for (int64_t columns : {1, 15, 64, 203}) {
    const int64_t n = 9;
    const auto x = data.halves(n * columns), weight = data.halves(columns), bias = data.halves(columns),
               d_out = data.halves(n * columns);
    const auto targets = data.tokens(n, static_cast<int32_t>(columns));
    std::vector<Bf16> out(n * columns, Bf16{0}), d_logits(n * columns, Bf16{0}),
        rounded(n * columns, Bf16{0});
    std::vector<float> mean(n), inverse(n),
        d_x = data.floats(n * columns), d_weight(columns), d_bias(columns), losses(n),
        logits = data.floats(n * columns, 5.0f), sums(columns), table = data.floats(columns * columns);
    const LayerNorm norm = {.rows = n,
                            .columns = columns,
                            .x = x.data(),
                            .weight = weight.data(),
                            .bias = bias.data(),
                            .out = out.data(),
                            .mean = mean.data(),
                            .inverse_deviation = inverse.data(),
                            .d_out = d_out.data(),
                            .d_x = d_x.data(),
                            .accumulate = true,
                            .d_weight = d_weight.data(),
                            .d_bias = d_bias.data()};
    kernels.layer_norm_forward(norm);
    kernels.layer_norm_backward(norm);
    kernels.embedding_backward(d_x.data(), targets.data(), n, columns, table.data());
    kernels.column_sums(x.data(), n, columns, sums.data());
    kernels.round_to_bf16(d_x.data(), rounded.data(), n * columns);
    kernels.cross_entropy({.rows = n,
                           .vocabulary = columns,
                           .stride = columns,
                           .logits = logits.data(),
                           .targets = targets.data(),
                           .losses = losses.data(),
                           .d_logits = d_logits.data(),
                           .gradient_scale = 0.01f});
    for (const auto& values : {mean, inverse, d_x, d_weight, d_bias, losses, sums, table})
      append(result, values);
    for (const auto& values : {out, d_logits, rounded}) append(result, values);
    kernels.gelu_forward(x.data(), out.data(), n * columns);
    kernels.gelu_backward(x.data(), d_out.data(), rounded.data(), n * columns);
    append(result, out);
    append(result, rounded);
  }
  return result;
}

Bytes optimizers(const Kernels& kernels) {
  Bytes result;
  KernelData data(4);
  const int64_t n = kBlockElements * 2;
  auto gradient = data.floats(n, 0.01f), master = data.floats(n), m = data.floats(n, 0.01f),
       v = data.floats(n, 0.1f);
  for (float& value : v) value *= value;
  gradient[7] = 0x1p-140f;  // a subnormal
  std::vector<Bf16> weights(n, Bf16{0});
  std::vector<int64_t> sums(n);
  std::vector<float> back(n);
  std::vector<double> squares(2);
  const int64_t odd = n - 5;
  kernels.adamw({.learning_rate = 1e-3f,
                 .weight_decay = 0.1f,
                 .gradient_scale = 0.7f,
                 .m_correction = 10.0f,
                 .v_correction = 20.0f},
                {odd, gradient.data(), master.data(), m.data(), v.data(), master.data(), m.data(), v.data(),
                 weights.data()});
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(kernels.fixed_point_accumulate(gradient.data() + i, sums.data(), odd));
  kernels.fixed_point_to_float(sums.data(), back.data(), odd, 3.0);
  kernels.block_squares(gradient.data(), n, squares.data());
  for (const auto& values : {master, m, v, back}) append(result, values);
  append(result, weights);
  append(result, sums);
  append(result, squares);
  return result;
}

}  // namespace

void expect_same_bits(const Kernels& ours, const Kernels& expected) {
  const FlushSubnormals flush;
  EXPECT_TRUE(gemms(ours) == gemms(expected)) << "gemm: " << ours.name << " and " << expected.name;
  EXPECT_TRUE(attentions(ours) == attentions(expected))
      << "attention: " << ours.name << " and " << expected.name;
  EXPECT_TRUE(rows(ours) == rows(expected)) << "row kernels: " << ours.name << " and " << expected.name;
  EXPECT_TRUE(optimizers(ours) == optimizers(expected))
      << "optimizer: " << ours.name << " and " << expected.name;
}

}  // namespace longhaul::trainer
