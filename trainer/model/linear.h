// y = x Wᵀ + b and its gradients. W is [outputs, inputs], x [rows, inputs], y [rows, outputs].
// Thread-safety: stateless functions.
#pragma once

#include "trainer/kernels/kernels.h"

namespace longhaul::trainer {

// The arithmetic of one Model, and the memory that it works in.
struct Compute {
  const Kernels& kernels;
  std::byte* workspace;
};

struct LinearShape {
  int64_t rows, inputs, outputs;
};

// out = x Wᵀ + bias (+ residual, when not null: [rows, outputs]).
void linear_forward(const Compute& compute, const LinearShape& shape, const Bf16* x, const Bf16* weight,
                    const Bf16* bias, const Bf16* residual, Bf16* out);
// d_x = d_out W.
void linear_backward_input(const Compute& compute, const LinearShape& shape, const Bf16* d_out,
                           const Bf16* weight, Bf16* d_x);
// d_weight = d_outᵀ x; d_bias = column sums of d_out.
void linear_backward_weight(const Compute& compute, const LinearShape& shape, const Bf16* d_out,
                            const Bf16* x, float* d_weight, float* d_bias);
// What the three need at most.
int64_t linear_workspace_bytes(const Kernels& kernels, const LinearShape& shape);

}  // namespace longhaul::trainer
