// Where each tensor lies in the flat f32 vector that holds all parameters of one model shard. The
// vector is cut into data-parallel fragments (ZeRO-1); master weights and both Adam moments share it.
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"

namespace longhaul::checkpoint {

struct TensorLayout {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0;  // first element in the flat vector
  int64_t size = 0;    // elements: the product of shape
  bool operator==(const TensorLayout&) const = default;
};

// Global tensor order is the order of `tensors`: ascending offsets, no overlap. Elements between and
// after tensors are padding: saved like the rest, but not part of the state digest.
struct Layout {
  std::vector<TensorLayout> tensors;
  int64_t flat_size = 0;  // elements, padding included
  bool operator==(const Layout&) const = default;
};

// kInvalid names the tensor and the rule it breaks.
Result<> check_layout(const Layout& layout);

}  // namespace longhaul::checkpoint
