#include "checkpoint/format/layout.h"

#include <set>

#include <fmt/format.h>

namespace longhaul::checkpoint {
namespace {

Result<> check_tensor(const TensorLayout& tensor, int64_t first_free, int64_t flat_size) {
  int64_t product = 1;
  for (const int64_t extent : tensor.shape) {
    if (extent <= 0) return invalid(fmt::format("tensor '{}' has the extent {}", tensor.name, extent));
    if (__builtin_mul_overflow(product, extent, &product)) {
      return invalid(fmt::format("the shape of tensor '{}' overflows", tensor.name));
    }
  }
  if (product != tensor.size) {
    return invalid(fmt::format("tensor '{}' has size {}, its shape {}", tensor.name, tensor.size, product));
  }
  if (tensor.offset < first_free) {
    return invalid(
        fmt::format("tensor '{}' begins at {}, inside or before the one before it, which ends at {}",
                    tensor.name, tensor.offset, first_free));
  }
  if (tensor.offset > flat_size || tensor.size > flat_size - tensor.offset) {
    return invalid(fmt::format("tensor '{}' of size {} at {} ends after the flat vector of size {}",
                               tensor.name, tensor.size, tensor.offset, flat_size));
  }
  return {};
}

}  // namespace

Result<> check_layout(const Layout& layout) {
  // So that byte counts fit as well.
  if (layout.flat_size <= 0 || layout.flat_size > (int64_t{1} << 60)) {
    return invalid(fmt::format("the flat vector has the impossible size {}", layout.flat_size));
  }
  std::set<std::string> names;
  int64_t first_free = 0;
  for (const TensorLayout& tensor : layout.tensors) {
    if (tensor.name.empty()) return invalid("a tensor has no name");
    if (!names.insert(tensor.name).second)
      return invalid(fmt::format("tensor '{}' is there twice", tensor.name));
    LH_TRY(check_tensor(tensor, first_free, layout.flat_size));
    first_free = tensor.offset + tensor.size;
  }
  return {};
}

}  // namespace longhaul::checkpoint
