#include "trainer/model/linear.h"

#include <algorithm>

namespace longhaul::trainer {

void linear_forward(const Compute& compute, const LinearShape& shape, const Bf16* x, const Bf16* weight,
                    const Bf16* bias, const Bf16* residual, Bf16* out) {
  compute.kernels.gemm({.m = shape.rows,
                        .n = shape.outputs,
                        .k = shape.inputs,
                        .a = x,
                        .a_stride = shape.inputs,
                        .b = weight,
                        .b_stride = shape.inputs,
                        .b_transposed = true,
                        .out_bf16 = out,
                        .out_stride = shape.outputs,
                        .bias = bias,
                        .residual = residual,
                        .residual_stride = shape.outputs},
                       compute.workspace);
}

void linear_backward_input(const Compute& compute, const LinearShape& shape, const Bf16* d_out,
                           const Bf16* weight, Bf16* d_x) {
  compute.kernels.gemm({.m = shape.rows,
                        .n = shape.inputs,
                        .k = shape.outputs,
                        .a = d_out,
                        .a_stride = shape.outputs,
                        .b = weight,
                        .b_stride = shape.inputs,
                        .out_bf16 = d_x,
                        .out_stride = shape.inputs},
                       compute.workspace);
}

void linear_backward_weight(const Compute& compute, const LinearShape& shape, const Bf16* d_out,
                            const Bf16* x, float* d_weight, float* d_bias) {
  compute.kernels.gemm({.m = shape.outputs,
                        .n = shape.inputs,
                        .k = shape.rows,
                        .a = d_out,
                        .a_stride = shape.outputs,
                        .a_transposed = true,
                        .b = x,
                        .b_stride = shape.inputs,
                        .out_f32 = d_weight,
                        .out_stride = shape.inputs},
                       compute.workspace);
  compute.kernels.column_sums(d_out, shape.rows, shape.outputs, d_bias);
}

int64_t linear_workspace_bytes(const Kernels& kernels, const LinearShape& shape) {
  return std::max({kernels.gemm_workspace_bytes(shape.rows, shape.outputs, shape.inputs),
                   kernels.gemm_workspace_bytes(shape.rows, shape.inputs, shape.outputs),
                   kernels.gemm_workspace_bytes(shape.outputs, shape.inputs, shape.rows)});
}

}  // namespace longhaul::trainer
