// The BLOOM network on one CPU thread: loss and gradients of a micro-batch, given bf16 weights.
//
// One instance belongs to one rank. It owns no parameters: weights and gradients are flat arenas described
// by layout() (trainer/shape/parameter_layout.h), owned by the caller, so ZeRO-1, checkpoints and the
// optimizer work on ranges and know nothing of the network. All working memory is allocated by the
// constructor; a step allocates nothing.
//
// Exactness: the result is a pure function of (weights, tokens, targets, shape, micro-batch size); the bits
// are the same on every x86-64 CPU. Both functions set flush-to-zero for their own duration.
//
// Shapes: B = micro_batch, T = sequence_length, H = hidden, A = heads, D = H / A, V = vocabulary_size.
// Activations are bf16 as PyTorch's would be; sums, statistics, scores, logits and the residual stream's
// gradient are f32.
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>

#include "config/run_config.h"
#include "trainer/kernels/bf16.h"
#include "trainer/kernels/kernels.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

class Model {
 public:
  // `model` has passed validate_shape(); anything else is a bug. `kernels` outlives the Model.
  Model(const config::Model& model, int64_t micro_batch, const Kernels& kernels = fastest_kernels());
  ~Model();
  Model(Model&&) noexcept;

  const ParameterLayout& layout() const;
  int64_t tokens() const;           // B * T, of one micro-batch
  int64_t workspace_bytes() const;  // what the constructor allocated

  // tokens, targets: [B, T], each in [0, V). weights: padded_size() elements. grads: padded_size()
  // elements, overwritten (padding with zero) with the gradient of the mean loss over the B * T tokens.
  // per_sample_loss: [B], each the mean over its T tokens. Returns the mean of per_sample_loss.
  // A token out of range is a bug; a non-finite loss is returned as it is.
  float forward_backward(const Bf16* weights, const int32_t* tokens, const int32_t* targets, float* grads,
                         double* per_sample_loss);

  // The same losses, bit for bit, without gradients.
  float forward_loss(const Bf16* weights, const int32_t* tokens, const int32_t* targets,
                     double* per_sample_loss);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace longhaul::trainer
