// Where every parameter of the network lies in one flat arena: names (those of Hugging Face's BLOOM,
// docs: reference of checkpoints), offsets, shapes. Gradients, master weights, moments and bf16 weights
// all use the same element offsets, so one layout describes them all.
//
// Tensors lie in global order without holes; only the end is padded, with elements that are and stay
// zero, to a multiple of kBlockElements. ZeRO-1 cuts and the partial sums of the gradient norm fall on
// block edges. Neither order, offset nor padding depends on the data-parallel size: that is what lets a
// run shrink and grow without a bit of difference.
// Thread-safety: immutable after build().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "config/run_config.h"

namespace longhaul::trainer {

inline constexpr int64_t kBlockElements = 4096;

// A half-open range of elements of the arena.
struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

// How the initial value of a tensor is made (trainer/model/initialize.h).
enum class InitialValue {
  kZero,          // biases
  kOne,           // LayerNorm weights
  kNormal,        // N(0, sigma)
  kScaledNormal,  // N(0, sigma / sqrt(2 * layers)): what writes into the residual stream
};

struct ParameterTensor {
  std::string name;            // "h.0.self_attention.query_key_value.weight"
  std::vector<int64_t> shape;  // row-major
  int64_t offset = 0;          // in elements, into the arena
  int64_t size = 0;            // product of shape
  bool weight_decay = false;   // matrices only: no decay on LayerNorm and biases
  InitialValue initial_value = InitialValue::kZero;
  Range range() const { return {offset, offset + size}; }
};

// Which part of the model this is the arena of. Only 1 × 1 exists yet; the type is here so that a layout
// is always that of one coordinate.
struct ModelCoordinate {
  int tensor_rank = 0;
  int tensor_size = 1;
  int pipeline_rank = 0;
  int pipeline_size = 1;
};

// A run of elements of one range that share weight decay.
struct DecaySpan {
  Range range;
  bool weight_decay = false;
};

class ParameterLayout {
 public:
  // kInvalid for a model that validate_shape() (validate.h) refuses and for a coordinate that is not 1 × 1.
  static Result<ParameterLayout> build(const config::Model& model, const ModelCoordinate& at = {});

  const std::vector<ParameterTensor>& tensors() const { return tensors_; }
  // nullptr: no such tensor.
  const ParameterTensor* find(const std::string& name) const;

  int64_t size() const { return size_; }                // elements of all tensors
  int64_t padded_size() const { return padded_size_; }  // elements of the arena
  int64_t blocks() const { return padded_size_ / kBlockElements; }

  // The slice of the arena that data-parallel rank `dp_rank` of `dp_size` owns; on block edges, sizes
  // differ by at most one block, empty when there are fewer blocks than ranks.
  Range shard_range(int dp_rank, int dp_size) const;
  // `range` cut where weight decay changes, in order; the padding counts as not decayed.
  std::vector<DecaySpan> decay_spans(Range range) const;

 private:
  std::vector<ParameterTensor> tensors_;
  int64_t size_ = 0;
  int64_t padded_size_ = 0;
};

}  // namespace longhaul::trainer
