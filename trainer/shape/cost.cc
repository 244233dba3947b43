#include "trainer/shape/cost.h"

#include "base/core/check.h"
#include "trainer/shape/parameter_layout.h"

namespace longhaul::trainer {

namespace {

// A layer keeps, in bf16: input, two LayerNorm outputs, attention output, middle residual (1 h each),
// qkv (3 h), the MLP before and after GeLU (4 h each); in f32: two statistics of each LayerNorm and two of
// each softmax row. Working buffers that all layers share come on top: about 3 h f32 and 9 h bf16.
int64_t layer_bytes_of_a_token(const config::Model& model) {
  return 16 * 2 * model.hidden + 4 * (4 + 2 * model.heads);
}

}  // namespace

int64_t parameter_count(const config::Model& model) {
  const int64_t h = model.hidden;
  return model.layers * (12 * h * h + 13 * h) + model.vocabulary_size * h + 4 * h;
}

double model_flops(const config::Model& model, int64_t samples) {
  const double layers = static_cast<double>(model.layers);
  const double h = static_cast<double>(model.hidden);
  const double s = static_cast<double>(model.sequence_length);
  const double v = static_cast<double>(model.vocabulary_size);
  return 72.0 * static_cast<double>(samples) * s * layers * h * h *
         (1.0 + s / (6.0 * h) + v / (12.0 * layers * h));
}

double hardware_flops(const config::Model& model, int64_t samples) {
  const double layers = static_cast<double>(model.layers);
  const double h = static_cast<double>(model.hidden);
  const double s = static_cast<double>(model.sequence_length);
  const double v = static_cast<double>(model.vocabulary_size);
  const double tokens = static_cast<double>(samples) * s;
  const double dense = 6.0 * tokens * (12.0 * layers * h * h + v * h);
  const double attention = 7.0 * 2.0 * tokens * (s / 2.0) * h * layers;
  return dense + attention;
}

double approximate_memory_bytes(const config::Model& model, int64_t micro_batch) {
  const auto real = [](int64_t n) { return static_cast<double>(n); };
  const double h = real(model.hidden);
  const double parameters =
      real(model.layers) * (12 * h * h + 13 * h) + real(model.vocabulary_size) * h + 4 * h;
  const double tokens = real(micro_batch) * real(model.sequence_length);
  const double a_token = real(model.layers) * real(layer_bytes_of_a_token(model)) + 30 * h;
  return (2 + 4 + 8 + 2 * 12) * parameters + tokens * a_token;
}

MemoryEstimate memory_estimate(const config::Model& model, int64_t micro_batch, int data_parallel) {
  CHECK(micro_batch >= 1 && data_parallel >= 1);
  const int64_t parameters = (parameter_count(model) + kBlockElements - 1) / kBlockElements * kBlockElements;
  const int64_t blocks = parameters / kBlockElements;
  const int64_t slice = (blocks + data_parallel - 1) / data_parallel * kBlockElements;
  const int64_t tokens = micro_batch * model.sequence_length;
  const int64_t per_layer = layer_bytes_of_a_token(model);
  const int64_t shared = 30 * model.hidden;
  return {
      .weights = 2 * parameters,
      .gradients = 4 * parameters,
      .gradient_sums = 8 * parameters,
      .optimizer = 2 * 12 * slice,
      .activations = tokens * (model.layers * per_layer + shared),
  };
}

}  // namespace longhaul::trainer
