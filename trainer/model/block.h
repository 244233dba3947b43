// One transformer block of BLOOM, pre-LayerNorm:
//   middle = x + dense(attention(qkv(norm1(x))));  out = middle + down(gelu(up(norm2(middle)))).
// N = tokens, H = hidden.
// Thread-safety: stateless functions over the caller's memory.
#pragma once

#include "trainer/model/dimensions.h"
#include "trainer/model/linear.h"
#include "trainer/model/memory.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

// Offsets into the arena of weights and into that of gradients.
struct NormOffsets {
  int64_t weight, bias;  // [H], [H]
};
struct LinearOffsets {
  int64_t weight, bias;  // [outputs, inputs], [outputs]
};
struct BlockOffsets {
  NormOffsets norm1;
  LinearOffsets qkv;    // [3H, H], rows head * 3D + {q, k, v}
  LinearOffsets dense;  // [H, H]
  NormOffsets norm2;
  LinearOffsets up;    // [4H, H]
  LinearOffsets down;  // [H, 4H]
};
NormOffsets norm_offsets(const ParameterLayout& layout, const std::string& name);
BlockOffsets block_offsets(const ParameterLayout& layout, int64_t layer);

// What forward keeps for backward.
struct NormStatistics {
  float *mean, *inverse_deviation;  // [N]
  static NormStatistics cut(const Dimensions& dims, MemoryCutter& cutter);
};
struct BlockActivations {
  Bf16* input;                  // [N, H]
  Bf16* normed1;                // [N, H]
  Bf16* qkv;                    // [N, 3H]
  Bf16* attended;               // [N, H]
  Bf16* middle;                 // [N, H]
  Bf16* normed2;                // [N, H]
  Bf16 *up, *gelu;              // [N, 4H]
  NormStatistics norm1, norm2;  // [N]
  float *row_max, *row_scale;   // [batch, heads, sequence]
  static BlockActivations cut(const Dimensions& dims, MemoryCutter& cutter);
};

// Shared by all blocks in backward.
struct BlockGradients {
  float* stream;  // [N, H]: gradient of the residual stream, in and out
  Bf16* rounded;  // [N, H]: the same in bf16, for the matrix products
  Bf16* narrow;   // [N, H]
  Bf16* wide;     // [N, 4H]
  static BlockGradients cut(const Dimensions& dims, MemoryCutter& cutter);
};

// kept.input holds the input; out: [N, H]. slopes: [heads].
void block_forward(const Compute& compute, const Dimensions& dims, const BlockOffsets& at,
                   const Bf16* weights, const float* slopes, const BlockActivations& kept, Bf16* out);
// gradients.stream: of the output before, of the input after. d_weights: this block's parts are overwritten.
void block_backward(const Compute& compute, const Dimensions& dims, const BlockOffsets& at,
                    const Bf16* weights, const float* slopes, const BlockActivations& kept,
                    const BlockGradients& gradients, float* d_weights);

void norm_forward(const Compute& compute, const Dimensions& dims, const NormOffsets& at, const Bf16* weights,
                  const Bf16* x, const NormStatistics& statistics, Bf16* out);

}  // namespace longhaul::trainer
