#include "trainer/model/block.h"

#include <algorithm>

#include "base/core/check.h"

namespace longhaul::trainer {

namespace {

int64_t offset(const ParameterLayout& layout, const std::string& name) {
  const ParameterTensor* tensor = layout.find(name);
  CHECK(tensor != nullptr);
  return tensor->offset;
}

LinearOffsets linear_offsets(const ParameterLayout& layout, const std::string& name) {
  return {offset(layout, name + ".weight"), offset(layout, name + ".bias")};
}

Attention attention_of(const Dimensions& dims, const float* slopes, const BlockActivations& kept) {
  return {.batch = dims.batch,
          .sequence = dims.sequence,
          .heads = dims.heads,
          .head_size = dims.head_size,
          .slopes = slopes,
          .qkv = kept.qkv,
          .out = kept.attended,
          .row_max = kept.row_max,
          .row_scale = kept.row_scale};
}

// gradients.stream += the LayerNorm's d_x; the LayerNorm's parameters' gradients are overwritten.
void norm_backward(const Compute& compute, const Dimensions& dims, const NormOffsets& at, const Bf16* weights,
                   const Bf16* x, const NormStatistics& statistics, const BlockGradients& gradients,
                   float* d_weights) {
  std::fill_n(d_weights + at.weight, dims.hidden, 0.0f);
  std::fill_n(d_weights + at.bias, dims.hidden, 0.0f);
  compute.kernels.layer_norm_backward({.rows = dims.tokens,
                                       .columns = dims.hidden,
                                       .x = x,
                                       .weight = weights + at.weight,
                                       .mean = statistics.mean,
                                       .inverse_deviation = statistics.inverse_deviation,
                                       .d_out = gradients.narrow,
                                       .d_x = gradients.stream,
                                       .accumulate = true,
                                       .d_weight = d_weights + at.weight,
                                       .d_bias = d_weights + at.bias});
}

}  // namespace

NormOffsets norm_offsets(const ParameterLayout& layout, const std::string& name) {
  return {offset(layout, name + ".weight"), offset(layout, name + ".bias")};
}

BlockOffsets block_offsets(const ParameterLayout& layout, int64_t layer) {
  const std::string prefix = "h." + std::to_string(layer) + ".";
  return {.norm1 = norm_offsets(layout, prefix + "input_layernorm"),
          .qkv = linear_offsets(layout, prefix + "self_attention.query_key_value"),
          .dense = linear_offsets(layout, prefix + "self_attention.dense"),
          .norm2 = norm_offsets(layout, prefix + "post_attention_layernorm"),
          .up = linear_offsets(layout, prefix + "mlp.dense_h_to_4h"),
          .down = linear_offsets(layout, prefix + "mlp.dense_4h_to_h")};
}

NormStatistics NormStatistics::cut(const Dimensions& dims, MemoryCutter& cutter) {
  NormStatistics s;
  s.mean = cutter.take<float>(dims.tokens);
  s.inverse_deviation = cutter.take<float>(dims.tokens);
  return s;
}

BlockActivations BlockActivations::cut(const Dimensions& dims, MemoryCutter& cutter) {
  const int64_t size = dims.tokens * dims.hidden;
  BlockActivations kept;
  kept.input = cutter.take<Bf16>(size);
  kept.normed1 = cutter.take<Bf16>(size);
  kept.qkv = cutter.take<Bf16>(3 * size);
  kept.attended = cutter.take<Bf16>(size);
  kept.middle = cutter.take<Bf16>(size);
  kept.normed2 = cutter.take<Bf16>(size);
  kept.up = cutter.take<Bf16>(4 * size);
  kept.gelu = cutter.take<Bf16>(4 * size);
  kept.norm1 = NormStatistics::cut(dims, cutter);
  kept.norm2 = NormStatistics::cut(dims, cutter);
  kept.row_max = cutter.take<float>(dims.tokens * dims.heads);
  kept.row_scale = cutter.take<float>(dims.tokens * dims.heads);
  return kept;
}

BlockGradients BlockGradients::cut(const Dimensions& dims, MemoryCutter& cutter) {
  const int64_t size = dims.tokens * dims.hidden;
  BlockGradients gradients;
  gradients.stream = cutter.take<float>(size);
  gradients.rounded = cutter.take<Bf16>(size);
  gradients.narrow = cutter.take<Bf16>(size);
  gradients.wide = cutter.take<Bf16>(4 * size);
  return gradients;
}

void norm_forward(const Compute& compute, const Dimensions& dims, const NormOffsets& at, const Bf16* weights,
                  const Bf16* x, const NormStatistics& statistics, Bf16* out) {
  compute.kernels.layer_norm_forward({.rows = dims.tokens,
                                      .columns = dims.hidden,
                                      .x = x,
                                      .weight = weights + at.weight,
                                      .bias = weights + at.bias,
                                      .out = out,
                                      .mean = statistics.mean,
                                      .inverse_deviation = statistics.inverse_deviation});
}

void block_forward(const Compute& compute, const Dimensions& dims, const BlockOffsets& at,
                   const Bf16* weights, const float* slopes, const BlockActivations& kept, Bf16* out) {
  const int64_t n = dims.tokens, h = dims.hidden;
  norm_forward(compute, dims, at.norm1, weights, kept.input, kept.norm1, kept.normed1);
  linear_forward(compute, {n, h, 3 * h}, kept.normed1, weights + at.qkv.weight, weights + at.qkv.bias,
                 nullptr, kept.qkv);
  compute.kernels.attention_forward(attention_of(dims, slopes, kept), compute.workspace);
  linear_forward(compute, {n, h, h}, kept.attended, weights + at.dense.weight, weights + at.dense.bias,
                 kept.input, kept.middle);
  norm_forward(compute, dims, at.norm2, weights, kept.middle, kept.norm2, kept.normed2);
  linear_forward(compute, {n, h, 4 * h}, kept.normed2, weights + at.up.weight, weights + at.up.bias, nullptr,
                 kept.up);
  compute.kernels.gelu_forward(kept.up, kept.gelu, n * 4 * h);
  linear_forward(compute, {n, 4 * h, h}, kept.gelu, weights + at.down.weight, weights + at.down.bias,
                 kept.middle, out);
}

void block_backward(const Compute& compute, const Dimensions& dims, const BlockOffsets& at,
                    const Bf16* weights, const float* slopes, const BlockActivations& kept,
                    const BlockGradients& gradients, float* d_weights) {
  const int64_t n = dims.tokens, h = dims.hidden;
  const LinearShape down = {n, 4 * h, h}, up = {n, h, 4 * h}, dense = {n, h, h}, qkv = {n, h, 3 * h};

  compute.kernels.round_to_bf16(gradients.stream, gradients.rounded, n * h);
  linear_backward_weight(compute, down, gradients.rounded, kept.gelu, d_weights + at.down.weight,
                         d_weights + at.down.bias);
  linear_backward_input(compute, down, gradients.rounded, weights + at.down.weight, gradients.wide);
  compute.kernels.gelu_backward(kept.up, gradients.wide, gradients.wide, n * 4 * h);
  linear_backward_weight(compute, up, gradients.wide, kept.normed2, d_weights + at.up.weight,
                         d_weights + at.up.bias);
  linear_backward_input(compute, up, gradients.wide, weights + at.up.weight, gradients.narrow);
  norm_backward(compute, dims, at.norm2, weights, kept.middle, kept.norm2, gradients, d_weights);

  compute.kernels.round_to_bf16(gradients.stream, gradients.rounded, n * h);
  linear_backward_weight(compute, dense, gradients.rounded, kept.attended, d_weights + at.dense.weight,
                         d_weights + at.dense.bias);
  linear_backward_input(compute, dense, gradients.rounded, weights + at.dense.weight, gradients.narrow);
  Attention attention = attention_of(dims, slopes, kept);
  attention.d_out = gradients.narrow;
  attention.d_qkv = gradients.wide;  // [N, 3H] of it
  compute.kernels.attention_backward(attention, compute.workspace);
  linear_backward_weight(compute, qkv, gradients.wide, kept.normed1, d_weights + at.qkv.weight,
                         d_weights + at.qkv.bias);
  linear_backward_input(compute, qkv, gradients.wide, weights + at.qkv.weight, gradients.narrow);
  norm_backward(compute, dims, at.norm1, weights, kept.input, kept.norm1, gradients, d_weights);
}

}  // namespace longhaul::trainer
