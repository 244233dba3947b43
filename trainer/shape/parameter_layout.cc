#include "trainer/shape/parameter_layout.h"

#include <algorithm>

#include "base/core/check.h"
#include "trainer/shape/validate.h"

namespace longhaul::trainer {

namespace {

// Appends tensors one behind the other.
class Builder {
 public:
  void matrix(std::string name, int64_t rows, int64_t columns, InitialValue initial_value) {
    add({.name = std::move(name),
         .shape = {rows, columns},
         .weight_decay = true,
         .initial_value = initial_value});
  }
  void vector(std::string name, int64_t size, InitialValue initial_value) {
    add({.name = std::move(name), .shape = {size}, .weight_decay = false, .initial_value = initial_value});
  }
  void layer_norm(const std::string& name, int64_t size) {
    vector(name + ".weight", size, InitialValue::kOne);
    vector(name + ".bias", size, InitialValue::kZero);
  }
  void linear(const std::string& name, int64_t outputs, int64_t inputs, InitialValue initial_value) {
    matrix(name + ".weight", outputs, inputs, initial_value);
    vector(name + ".bias", outputs, InitialValue::kZero);
  }

  std::vector<ParameterTensor> take() { return std::move(tensors_); }
  int64_t size() const { return size_; }

 private:
  void add(ParameterTensor tensor) {
    tensor.offset = size_;
    tensor.size = 1;
    for (int64_t extent : tensor.shape) tensor.size *= extent;
    size_ += tensor.size;
    tensors_.push_back(std::move(tensor));
  }

  std::vector<ParameterTensor> tensors_;
  int64_t size_ = 0;
};

}  // namespace

Result<ParameterLayout> ParameterLayout::build(const config::Model& model, const ModelCoordinate& at) {
  LH_TRY(validate_shape(model));
  if (at.tensor_size != 1 || at.tensor_rank != 0 || at.pipeline_size != 1 || at.pipeline_rank != 0) {
    return invalid("parallel.tensor and parallel.pipeline: only 1 is supported");
  }
  const int64_t h = model.hidden;
  Builder builder;
  builder.matrix("word_embeddings.weight", model.vocabulary_size, h, InitialValue::kNormal);
  builder.layer_norm("word_embeddings_layernorm", h);
  for (int64_t layer = 0; layer < model.layers; ++layer) {
    const std::string prefix = "h." + std::to_string(layer) + ".";
    builder.layer_norm(prefix + "input_layernorm", h);
    builder.linear(prefix + "self_attention.query_key_value", 3 * h, h, InitialValue::kNormal);
    builder.linear(prefix + "self_attention.dense", h, h, InitialValue::kScaledNormal);
    builder.layer_norm(prefix + "post_attention_layernorm", h);
    builder.linear(prefix + "mlp.dense_h_to_4h", 4 * h, h, InitialValue::kNormal);
    builder.linear(prefix + "mlp.dense_4h_to_h", h, 4 * h, InitialValue::kScaledNormal);
  }
  builder.layer_norm("ln_f", h);

  ParameterLayout layout;
  layout.size_ = builder.size();
  layout.padded_size_ = (layout.size_ + kBlockElements - 1) / kBlockElements * kBlockElements;
  layout.tensors_ = builder.take();
  return layout;
}

const ParameterTensor* ParameterLayout::find(const std::string& name) const {
  const auto it = std::find_if(tensors_.begin(), tensors_.end(),
                               [&](const ParameterTensor& tensor) { return tensor.name == name; });
  return it == tensors_.end() ? nullptr : &*it;
}

Range ParameterLayout::shard_range(int dp_rank, int dp_size) const {
  CHECK(dp_size >= 1 && dp_rank >= 0 && dp_rank < dp_size);
  const auto edge = [&](int64_t rank) { return blocks() * rank / dp_size * kBlockElements; };
  return {edge(dp_rank), edge(dp_rank + 1)};
}

std::vector<DecaySpan> ParameterLayout::decay_spans(Range range) const {
  CHECK(0 <= range.begin && range.begin <= range.end && range.end <= padded_size_);
  std::vector<DecaySpan> spans;
  const auto add = [&](Range part, bool weight_decay) {
    part = {std::max(part.begin, range.begin), std::min(part.end, range.end)};
    if (part.size() <= 0) return;
    if (!spans.empty() && spans.back().weight_decay == weight_decay) {
      spans.back().range.end = part.end;
    } else {
      spans.push_back({part, weight_decay});
    }
  };
  for (const ParameterTensor& tensor : tensors_) add(tensor.range(), tensor.weight_decay);
  add({size_, padded_size_}, false);
  return spans;
}

}  // namespace longhaul::trainer
