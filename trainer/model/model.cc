#include "trainer/model/model.h"

#include <algorithm>
#include <vector>

#include "base/core/check.h"
#include "trainer/kernels/determined_math.h"
#include "trainer/kernels/float_mode.h"
#include "trainer/model/block.h"
#include "trainer/model/head.h"
#include "trainer/model/memory.h"
#include "trainer/shape/validate.h"

namespace longhaul::trainer {

static_assert(kMaxMicroBatches <= kFixedPointMaxTerms);

namespace {

ParameterLayout checked_layout(const config::Model& model) {
  auto layout = ParameterLayout::build(model);
  CHECK(layout.has_value());
  return std::move(*layout);
}

// All that lies in the Model's memory.
struct Pieces {
  std::byte* workspace;
  Bf16* embedded;  // [N, H], before the embedding LayerNorm
  NormStatistics embedding_norm;
  std::vector<BlockActivations> blocks;
  Bf16* output;  // [N, H], of the last block
  HeadMemory head;
  BlockGradients gradients;
};

int64_t workspace_bytes(const Kernels& kernels, const Dimensions& dims, int64_t head_rows) {
  const int64_t n = dims.tokens, h = dims.hidden;
  return std::max({linear_workspace_bytes(kernels, {n, h, 3 * h}), linear_workspace_bytes(kernels, {n, h, h}),
                   linear_workspace_bytes(kernels, {n, h, 4 * h}),
                   linear_workspace_bytes(kernels, {n, 4 * h, h}),
                   linear_workspace_bytes(kernels, {head_rows, h, dims.vocabulary}),
                   kernels.attention_workspace_bytes(dims.sequence, dims.head_size)});
}

Pieces cut(const Kernels& kernels, const Dimensions& dims, MemoryCutter& cutter) {
  Pieces pieces;
  pieces.head = HeadMemory::cut(dims, cutter);
  pieces.workspace = cutter.take<std::byte>(workspace_bytes(kernels, dims, pieces.head.rows));
  pieces.embedded = cutter.take<Bf16>(dims.tokens * dims.hidden);
  pieces.embedding_norm = NormStatistics::cut(dims, cutter);
  for (int64_t layer = 0; layer < dims.layers; ++layer)
    pieces.blocks.push_back(BlockActivations::cut(dims, cutter));
  pieces.output = cutter.take<Bf16>(dims.tokens * dims.hidden);
  pieces.gradients = BlockGradients::cut(dims, cutter);
  return pieces;
}

}  // namespace

class Model::Impl {
 public:
  Impl(const config::Model& model, int64_t micro_batch, const Kernels& kernels)
      : dims(Dimensions::of(model, micro_batch)), layout(checked_layout(model)), kernels_(kernels) {
    CHECK(micro_batch >= 1);
    MemoryCutter counter(nullptr);
    cut(kernels, dims, counter);
    bytes = counter.used_bytes();
    memory_ = allocate_aligned(bytes);
    MemoryCutter cutter(memory_.get());
    pieces_ = cut(kernels, dims, cutter);
    for (int64_t head = 0; head < dims.heads; ++head) slopes_.push_back(alibi_slope(head, dims.heads));
    for (int64_t layer = 0; layer < dims.layers; ++layer) blocks_.push_back(block_offsets(layout, layer));
    embedding_norm_ = norm_offsets(layout, "word_embeddings_layernorm");
    head_ = {layout.find("word_embeddings.weight")->offset, norm_offsets(layout, "ln_f")};
  }

  // Embedding and blocks; the output is in pieces_.output.
  void forward(const Bf16* weights, const int32_t* tokens) {
    const Compute compute = {kernels_, pieces_.workspace};
    kernels_.embedding_forward(weights + head_.embedding, tokens, dims.tokens, dims.hidden, pieces_.embedded);
    norm_forward(compute, dims, embedding_norm_, weights, pieces_.embedded, pieces_.embedding_norm,
                 block_input(0));
    for (int64_t layer = 0; layer < dims.layers; ++layer) {
      block_forward(compute, dims, blocks_[layer], weights, slopes_.data(), pieces_.blocks[layer],
                    block_input(layer + 1));
    }
  }

  float forward_loss(const Bf16* weights, const int32_t* tokens, const int32_t* targets,
                     double* per_sample_loss) {
    check_tokens(tokens, targets);
    const FlushSubnormals flush;
    forward(weights, tokens);
    head_forward({kernels_, pieces_.workspace}, dims, head_, weights, pieces_.output, targets, pieces_.head);
    return mean_losses(per_sample_loss);
  }

  float forward_backward(const Bf16* weights, const int32_t* tokens, const int32_t* targets, float* grads,
                         double* per_sample_loss) {
    check_tokens(tokens, targets);
    const FlushSubnormals flush;
    const Compute compute = {kernels_, pieces_.workspace};
    forward(weights, tokens);
    head_forward_backward(compute, dims, head_, weights, pieces_.output, targets, pieces_.head,
                          pieces_.gradients, grads);
    for (int64_t layer = dims.layers - 1; layer >= 0; --layer) {
      block_backward(compute, dims, blocks_[layer], weights, slopes_.data(), pieces_.blocks[layer],
                     pieces_.gradients, grads);
    }
    embedding_backward(weights, tokens, grads);
    std::fill(grads + layout.size(), grads + layout.padded_size(), 0.0f);
    return mean_losses(per_sample_loss);
  }

  const Dimensions dims;
  const ParameterLayout layout;
  int64_t bytes = 0;

 private:
  Bf16* block_input(int64_t layer) {
    return layer < dims.layers ? pieces_.blocks[layer].input : pieces_.output;
  }

  void check_tokens(const int32_t* tokens, const int32_t* targets) const {
    for (int64_t i = 0; i < dims.tokens; ++i) {
      CHECK(tokens[i] >= 0 && tokens[i] < dims.vocabulary);
      CHECK(targets[i] >= 0 && targets[i] < dims.vocabulary);
    }
  }

  // The embedding's gradient has the head's part already; its own is added token by token.
  void embedding_backward(const Bf16* weights, const int32_t* tokens, float* grads) {
    std::fill_n(grads + embedding_norm_.weight, dims.hidden, 0.0f);
    std::fill_n(grads + embedding_norm_.bias, dims.hidden, 0.0f);
    // In place: a row of d_x is written after the same row of d_out was read for the last time.
    kernels_.layer_norm_backward({.rows = dims.tokens,
                                  .columns = dims.hidden,
                                  .x = pieces_.embedded,
                                  .weight = weights + embedding_norm_.weight,
                                  .mean = pieces_.embedding_norm.mean,
                                  .inverse_deviation = pieces_.embedding_norm.inverse_deviation,
                                  .d_out_f32 = pieces_.gradients.stream,
                                  .d_x = pieces_.gradients.stream,
                                  .d_weight = grads + embedding_norm_.weight,
                                  .d_bias = grads + embedding_norm_.bias});
    kernels_.embedding_backward(pieces_.gradients.stream, tokens, dims.tokens, dims.hidden,
                                grads + head_.embedding);
  }

  float mean_losses(double* per_sample_loss) const {
    double total = 0;
    for (int64_t sample = 0; sample < dims.batch; ++sample) {
      double sum = 0;
      for (int64_t i = 0; i < dims.sequence; ++i) {
        sum += static_cast<double>(pieces_.head.losses[sample * dims.sequence + i]);
      }
      per_sample_loss[sample] = sum / static_cast<double>(dims.sequence);
      total += per_sample_loss[sample];
    }
    return static_cast<float>(total / static_cast<double>(dims.batch));
  }

  const Kernels& kernels_;
  AlignedMemory memory_;
  Pieces pieces_;
  std::vector<float> slopes_;  // [heads]
  std::vector<BlockOffsets> blocks_;
  NormOffsets embedding_norm_{};
  HeadOffsets head_{};
};

Model::Model(const config::Model& model, int64_t micro_batch, const Kernels& kernels)
    : impl_(std::make_unique<Impl>(model, micro_batch, kernels)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;

const ParameterLayout& Model::layout() const { return impl_->layout; }
int64_t Model::tokens() const { return impl_->dims.tokens; }
int64_t Model::workspace_bytes() const { return impl_->bytes; }

float Model::forward_backward(const Bf16* weights, const int32_t* tokens, const int32_t* targets,
                              float* grads, double* per_sample_loss) {
  return impl_->forward_backward(weights, tokens, targets, grads, per_sample_loss);
}
float Model::forward_loss(const Bf16* weights, const int32_t* tokens, const int32_t* targets,
                          double* per_sample_loss) {
  return impl_->forward_loss(weights, tokens, targets, per_sample_loss);
}

}  // namespace longhaul::trainer
