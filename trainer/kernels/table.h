// The table of one instruction set (kernels.h).
#pragma once

#include "trainer/kernels/attention.h"
#include "trainer/kernels/cross_entropy.h"
#include "trainer/kernels/elementwise.h"
#include "trainer/kernels/layer_norm.h"
#include "trainer/kernels/optimizer.h"

namespace longhaul::trainer::LH_ISA {

inline constexpr Kernels table(const char* name) {
  return {.name = name,
          .gemm = gemm,
          .gemm_workspace_bytes = gemm_workspace_bytes,
          .attention_forward = attention_forward,
          .attention_backward = attention_backward,
          .attention_workspace_bytes = attention_workspace_bytes,
          .layer_norm_forward = layer_norm_forward,
          .layer_norm_backward = layer_norm_backward,
          .gelu_forward = gelu_forward,
          .gelu_backward = gelu_backward,
          .cross_entropy = cross_entropy,
          .embedding_forward = embedding_forward,
          .embedding_backward = embedding_backward,
          .column_sums = column_sums,
          .round_to_bf16 = round_to_bf16,
          .adamw = adamw,
          .fixed_point_accumulate = fixed_point_accumulate,
          .fixed_point_to_float = fixed_point_to_float,
          .block_squares = block_squares};
}

}  // namespace longhaul::trainer::LH_ISA
