#include "trainer/model/initialize.h"

#include <algorithm>
#include <cmath>

#include "base/core/check.h"
#include "trainer/kernels/determined_math.h"
#include "trainer/model/philox.h"

namespace longhaul::trainer {

namespace {

// Elements `part` of the tensor's own stream: each is one 32-bit word, through the inverse normal.
void fill_normal(uint64_t seed, uint32_t tensor, const Range& part, double sigma, float* out) {
  PhiloxCounter words{};
  for (int64_t element = part.begin; element < part.end; ++element) {
    const uint64_t at = static_cast<uint64_t>(element);
    if (element == part.begin || at % 4 == 0) {
      words = philox({static_cast<uint32_t>(at / 4), static_cast<uint32_t>(at / 4 >> 32), tensor, 0},
                     {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
    }
    const double uniform = (static_cast<double>(words[at % 4]) + 0.5) / 4294967296.0;
    *out++ = static_cast<float>(determined_normal(uniform) * sigma);
  }
}

void fill(const ParameterTensor& tensor, uint32_t index, const Range& part, uint64_t seed, double sigma,
          int64_t layers, float* out) {
  switch (tensor.initial_value) {
    case InitialValue::kZero:
      std::fill_n(out, part.size(), 0.0f);
      return;
    case InitialValue::kOne:
      std::fill_n(out, part.size(), 1.0f);
      return;
    case InitialValue::kNormal:
    case InitialValue::kScaledNormal:
      break;
  }
  const bool scaled = tensor.initial_value == InitialValue::kScaledNormal;
  const double deviation = scaled ? sigma / std::sqrt(2.0 * static_cast<double>(layers)) : sigma;
  fill_normal(seed, index, {part.begin - tensor.offset, part.end - tensor.offset}, deviation, out);
}

}  // namespace

double initial_sigma(int64_t hidden) { return std::sqrt(1.0 / (3.0 * static_cast<double>(hidden))); }

void initialize(const ParameterLayout& layout, const config::Model& model, uint64_t seed, Range range,
                float* master) {
  CHECK(0 <= range.begin && range.begin <= range.end && range.end <= layout.padded_size());
  std::fill_n(master, range.size(), 0.0f);  // the padding
  const double sigma = initial_sigma(model.hidden);
  uint32_t index = 0;
  for (const ParameterTensor& tensor : layout.tensors()) {
    const Range part = {std::max(tensor.offset, range.begin),
                        std::min(tensor.offset + tensor.size, range.end)};
    if (part.size() > 0)
      fill(tensor, index, part, seed, sigma, model.layers, master + (part.begin - range.begin));
    ++index;
  }
}

}  // namespace longhaul::trainer
