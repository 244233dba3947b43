// The arithmetic of the trainer as a table of functions, one table an instruction set. All tables give the
// same bits for the same arguments: the order of every sum is fixed by the shape alone, a fused
// multiply-add stands only where the source says so, and exp, tanh and log are our own polynomials. The bf16
// dot product is what `vdpbf16ps` computes: fma(a0, b0, fma(a1, b1, c)), odd pair first, with
// subnormals as zero; callers hold a FlushSubnormals (float_mode.h), or the bits differ.
//
// Conventions: matrices are row-major, strides count elements, N is a number of rows (tokens). Pointers
// need no alignment. Nothing allocates. Arguments are not checked here: trainer/model checks once.
// Thread-safety: stateless functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trainer/kernels/bf16.h"

namespace longhaul::trainer {

// C[m, n] = A[m, k] · B[k, n], summed over k in ascending pairs.
struct Gemm {
  int64_t m = 0, n = 0, k = 0;
  // a_transposed: A(m, k) is a[k * a_stride + m], and the output is f32; else a[m * a_stride + k], and of an
  // odd k the element behind each row is read too, and must be finite.
  const Bf16* a = nullptr;
  int64_t a_stride = 0;
  bool a_transposed = false;
  // b_transposed: B(k, n) is b[n * b_stride + k], and k must be even; else b[k * b_stride + n].
  const Bf16* b = nullptr;
  int64_t b_stride = 0;
  bool b_transposed = false;
  // One of the two outputs: f32 = C, or += C; bf16 = round(C + bias[n] + residual[m, n]), each optional.
  float* out_f32 = nullptr;
  bool accumulate = false;
  Bf16* out_bf16 = nullptr;
  int64_t out_stride = 0;
  const Bf16* bias = nullptr;
  const Bf16* residual = nullptr;
  int64_t residual_stride = 0;
};

// One layer's attention of a micro-batch. qkv is [batch * sequence, heads * 3 * head_size], head h's row
// slice being q|k|v at h * 3 * head_size (BLOOM's interleave). out, d_out: [batch * sequence, heads *
// head_size].
struct Attention {
  int64_t batch = 0, sequence = 0, heads = 0, head_size = 0;  // head_size is even
  const float* slopes = nullptr;                              // [heads], ALiBi
  const Bf16* qkv = nullptr;
  Bf16* out = nullptr;
  // [batch, heads, sequence]: maximum and 1 / sum of each softmax row; written forward, read backward.
  float* row_max = nullptr;
  float* row_scale = nullptr;
  // Backward only.
  const Bf16* d_out = nullptr;
  Bf16* d_qkv = nullptr;
};

struct LayerNorm {
  int64_t rows = 0, columns = 0;
  float epsilon = 1e-5f;
  const Bf16* x = nullptr;       // [rows, columns]
  const Bf16* weight = nullptr;  // [columns]
  const Bf16* bias = nullptr;    // [columns]
  Bf16* out = nullptr;           // [rows, columns]
  float* mean = nullptr;         // [rows]; written forward, read backward
  float* inverse_deviation = nullptr;
  // Backward only. d_out_f32 or d_out, whichever is not null.
  const Bf16* d_out = nullptr;
  const float* d_out_f32 = nullptr;
  float* d_x = nullptr;  // [rows, columns]; += when accumulate
  bool accumulate = false;
  float* d_weight = nullptr;  // [columns], +=
  float* d_bias = nullptr;
};

// Softmax cross-entropy of `rows` rows of logits [rows, vocabulary], `stride` apart.
struct CrossEntropy {
  int64_t rows = 0, vocabulary = 0, stride = 0;
  float* logits = nullptr;  // overwritten
  const int32_t* targets = nullptr;
  float* losses = nullptr;   // [rows]
  Bf16* d_logits = nullptr;  // null: losses only; else (softmax - one hot) * gradient_scale
  float gradient_scale = 1;
};

// One AdamW step; in and out of m, v, master may be the same memory or alternate buffers.
struct AdamwStep {
  float learning_rate = 0, beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f;
  float weight_decay = 0;  // 0 for tensors that are not decayed
  float gradient_scale = 1;
  float m_correction = 1, v_correction = 1;  // 1 / (1 - beta^t): adamw_correction() of determined_math.h
};
struct AdamwArena {
  int64_t size = 0;
  const float* gradient = nullptr;
  const float *master = nullptr, *m = nullptr, *v = nullptr;
  float *master_out = nullptr, *m_out = nullptr, *v_out = nullptr;
  Bf16* weights_out = nullptr;  // round-to-nearest-even of master_out
};

// Gradients in fixed point: one unit is 2^-40. A value beyond the limit, an infinity or a NaN counts as 0 and
// raises the flag. kFixedPointMaxTerms values within the limit can be summed in any order without overflow.
inline constexpr int kFixedPointScaleBits = 40;
inline constexpr float kFixedPointLimit = 1024.0f;
inline constexpr int64_t kFixedPointMaxTerms = 4096;

struct Kernels {
  const char* name;  // "avx512_bf16", "avx2", "portable"

  void (*gemm)(const Gemm& gemm, std::byte* workspace);
  int64_t (*gemm_workspace_bytes)(int64_t m, int64_t n, int64_t k);

  void (*attention_forward)(const Attention& attention, std::byte* workspace);
  void (*attention_backward)(const Attention& attention, std::byte* workspace);
  int64_t (*attention_workspace_bytes)(int64_t sequence, int64_t head_size);

  void (*layer_norm_forward)(const LayerNorm& layer_norm);
  void (*layer_norm_backward)(const LayerNorm& layer_norm);

  // out = gelu(x), the tanh form; d_x = d_out * gelu'(x). n elements, in place allowed.
  void (*gelu_forward)(const Bf16* x, Bf16* out, int64_t n);
  void (*gelu_backward)(const Bf16* x, const Bf16* d_out, Bf16* d_x, int64_t n);

  void (*cross_entropy)(const CrossEntropy& cross_entropy);

  // out[i] = table[tokens[i]]; d_table[tokens[i]] += d_out[i], in order of i. Rows of `columns` elements.
  void (*embedding_forward)(const Bf16* table, const int32_t* tokens, int64_t rows, int64_t columns,
                            Bf16* out);
  void (*embedding_backward)(const float* d_out, const int32_t* tokens, int64_t rows, int64_t columns,
                             float* d_table);

  // out[c] = sum over rows of x[row, c]; the gradient of a bias.
  void (*column_sums)(const Bf16* x, int64_t rows, int64_t columns, float* out);
  void (*round_to_bf16)(const float* in, Bf16* out, int64_t n);

  void (*adamw)(const AdamwStep& step, const AdamwArena& arena);

  // sums[i] += round(values[i] * 2^40), nearest even. False: the flag (see kFixedPointLimit).
  bool (*fixed_point_accumulate)(const float* values, int64_t* sums, int64_t n);
  // out[i] = sums[i] / 2^40 / divisor, rounded to f32 by way of double.
  void (*fixed_point_to_float)(const int64_t* sums, float* out, int64_t n, double divisor);
  // out[i] = sum of squares of block i (kBlockElements values each); n is a multiple of kBlockElements.
  void (*block_squares)(const float* values, int64_t n, double* out);
};

// The fastest table that this CPU can run; all that it can run, fastest first (tests compare them).
const Kernels& fastest_kernels();
std::vector<const Kernels*> usable_kernels();

}  // namespace longhaul::trainer
