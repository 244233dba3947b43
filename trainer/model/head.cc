#include "trainer/model/head.h"

#include <algorithm>

namespace longhaul::trainer {

namespace {

constexpr int64_t kLogitsAtOnce = int64_t{1} << 21;  // 8 MiB of f32: stays in a last-level cache

void logits_and_losses(const Compute& compute, const Dimensions& dims, const Bf16* embedding,
                       const int32_t* targets, int64_t begin, int64_t rows, Bf16* d_logits,
                       const HeadMemory& memory) {
  compute.kernels.gemm({.m = rows,
                        .n = dims.vocabulary,
                        .k = dims.hidden,
                        .a = memory.normed + begin * dims.hidden,
                        .a_stride = dims.hidden,
                        .b = embedding,
                        .b_stride = dims.hidden,
                        .b_transposed = true,
                        .out_f32 = memory.logits,
                        .out_stride = memory.stride},
                       compute.workspace);
  compute.kernels.cross_entropy({.rows = rows,
                                 .vocabulary = dims.vocabulary,
                                 .stride = memory.stride,
                                 .logits = memory.logits,
                                 .targets = targets + begin,
                                 .losses = memory.losses + begin,
                                 .d_logits = d_logits,
                                 .gradient_scale = 1.0f / static_cast<float>(dims.tokens)});
}

// d_normed [N, H] rows begin … from d_logits, and the embedding's gradient += d_logitsᵀ normed.
void logits_backward(const Compute& compute, const Dimensions& dims, const Bf16* embedding, int64_t begin,
                     int64_t rows, const HeadMemory& memory, Bf16* d_normed, float* d_embedding) {
  compute.kernels.gemm({.m = rows,
                        .n = dims.hidden,
                        .k = dims.vocabulary,
                        .a = memory.d_logits,
                        .a_stride = memory.stride,
                        .b = embedding,
                        .b_stride = dims.hidden,
                        .out_bf16 = d_normed + begin * dims.hidden,
                        .out_stride = dims.hidden},
                       compute.workspace);
  compute.kernels.gemm({.m = dims.vocabulary,
                        .n = dims.hidden,
                        .k = rows,
                        .a = memory.d_logits,
                        .a_stride = memory.stride,
                        .a_transposed = true,
                        .b = memory.normed + begin * dims.hidden,
                        .b_stride = dims.hidden,
                        .out_f32 = d_embedding,
                        .accumulate = begin > 0,
                        .out_stride = dims.hidden},
                       compute.workspace);
}

}  // namespace

HeadMemory HeadMemory::cut(const Dimensions& dims, MemoryCutter& cutter) {
  HeadMemory memory;
  memory.rows = std::min(dims.tokens, std::clamp<int64_t>(kLogitsAtOnce / dims.vocabulary / 8 * 8, 8, 512));
  memory.stride = (dims.vocabulary + 15) / 16 * 16;
  memory.normed = cutter.take<Bf16>(dims.tokens * dims.hidden);
  memory.norm = NormStatistics::cut(dims, cutter);
  memory.logits = cutter.take<float>(memory.rows * memory.stride);
  memory.d_logits = cutter.take<Bf16>(memory.rows * memory.stride);
  memory.losses = cutter.take<float>(dims.tokens);
  return memory;
}

void head_forward(const Compute& compute, const Dimensions& dims, const HeadOffsets& at, const Bf16* weights,
                  const Bf16* x, const int32_t* targets, const HeadMemory& memory) {
  norm_forward(compute, dims, at.norm, weights, x, memory.norm, memory.normed);
  for (int64_t begin = 0; begin < dims.tokens; begin += memory.rows) {
    const int64_t rows = std::min(memory.rows, dims.tokens - begin);
    logits_and_losses(compute, dims, weights + at.embedding, targets, begin, rows, nullptr, memory);
  }
}

void head_forward_backward(const Compute& compute, const Dimensions& dims, const HeadOffsets& at,
                           const Bf16* weights, const Bf16* x, const int32_t* targets,
                           const HeadMemory& memory, const BlockGradients& gradients, float* d_weights) {
  norm_forward(compute, dims, at.norm, weights, x, memory.norm, memory.normed);
  for (int64_t begin = 0; begin < dims.tokens; begin += memory.rows) {
    const int64_t rows = std::min(memory.rows, dims.tokens - begin);
    logits_and_losses(compute, dims, weights + at.embedding, targets, begin, rows, memory.d_logits, memory);
    logits_backward(compute, dims, weights + at.embedding, begin, rows, memory, gradients.narrow,
                    d_weights + at.embedding);
  }
  std::fill_n(d_weights + at.norm.weight, dims.hidden, 0.0f);
  std::fill_n(d_weights + at.norm.bias, dims.hidden, 0.0f);
  compute.kernels.layer_norm_backward({.rows = dims.tokens,
                                       .columns = dims.hidden,
                                       .x = x,
                                       .weight = weights + at.norm.weight,
                                       .mean = memory.norm.mean,
                                       .inverse_deviation = memory.norm.inverse_deviation,
                                       .d_out = gradients.narrow,
                                       .d_x = gradients.stream,
                                       .d_weight = d_weights + at.norm.weight,
                                       .d_bias = d_weights + at.norm.bias});
}

}  // namespace longhaul::trainer
