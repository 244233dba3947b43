// The end of the network: final LayerNorm, logits by the tied embedding, softmax cross-entropy; and back to
// the residual stream. Logits are made for a few hundred rows at a time and never all at once: at BLOOM's
// vocabulary they would be the largest tensor of the step.
// Thread-safety: stateless functions over the caller's memory.
#pragma once

#include "trainer/model/block.h"

namespace longhaul::trainer {

struct HeadMemory {
  int64_t rows;         // of one piece
  Bf16* normed;         // [N, H]
  NormStatistics norm;  // [N]
  int64_t stride;       // V rounded up; what is beyond V stays zero
  float* logits;        // [rows, stride]
  Bf16* d_logits;       // [rows, stride]
  float* losses;        // [N]
  static HeadMemory cut(const Dimensions& dims, MemoryCutter& cutter);
};
struct HeadOffsets {
  int64_t embedding;  // [V, H]
  NormOffsets norm;
};

// x: [N, H], targets: [N]. Leaves a loss per token in memory.losses.
void head_forward(const Compute& compute, const Dimensions& dims, const HeadOffsets& at, const Bf16* weights,
                  const Bf16* x, const int32_t* targets, const HeadMemory& memory);
// Also the gradients of the mean loss: gradients.stream and, in d_weights, embedding and final LayerNorm
// are overwritten. The same losses, bit for bit.
void head_forward_backward(const Compute& compute, const Dimensions& dims, const HeadOffsets& at,
                           const Bf16* weights, const Bf16* x, const int32_t* targets,
                           const HeadMemory& memory, const BlockGradients& gradients, float* d_weights);

}  // namespace longhaul::trainer
