// What a network costs: parameters, FLOPs, bytes. A multiply-add is two FLOPs.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>

#include "config/run_config.h"

namespace longhaul::trainer {

// L(12h² + 13h) + Vh + 4h (BLOOM: 176,247,271,424).
int64_t parameter_count(const config::Model& model);

// FLOPs that the model needs for `samples` samples, forward and backward: 72·B·s·L·h²·(1 + s/6h + V/12Lh).
// That is eq. 3 of Narayanan et al. 2021, "Efficient Large-Scale Language Model Training on GPU Clusters
// Using Megatron-LM", 96·B·s·L·h²·(1 + s/6h + V/16Lh), without its recomputation of the layers (×3 for ×4;
// the head, 6·B·s·h·V, is not recomputed in either). Attention counts as if not causal. MFU is made of this.
double model_flops(const config::Model& model, int64_t samples);

// FLOPs that this trainer's matrix products do for `samples` samples: causal attention does half of the
// scores, and backward recomputes them (7 products forward and backward, not 6). HFU is made of this.
double hardware_flops(const config::Model& model, int64_t samples);

// Bytes on one rank. The optimizer's state is double-buffered (a step writes into the other copy).
struct MemoryEstimate {
  int64_t weights = 0;        // bf16, all parameters
  int64_t gradients = 0;      // f32 of one micro-batch
  int64_t gradient_sums = 0;  // int64 fixed point
  int64_t optimizer = 0;      // f32 master, m, v of the rank's slice, two copies
  int64_t activations = 0;    // of one micro-batch; without working memory of fixed size (a few MB)
  int64_t total() const { return weights + gradients + gradient_sums + optimizer + activations; }
};
// For a run that validate_run accepts: of a larger one it overflows.
MemoryEstimate memory_estimate(const config::Model& model, int64_t micro_batch, int data_parallel);

// The total of one replica that has no other beside it, for any sizes.
double approximate_memory_bytes(const config::Model& model, int64_t micro_batch);

}  // namespace longhaul::trainer
