#include "wire/messages/fields.h"

#include <limits>

#include <fmt/format.h>

namespace longhaul::wire {

void Reader::operator()(const char* name, int& out) {
  int64_t wide = 0;
  take(json::get_int(object_, name), wide);
  if (!status) return;
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    status = invalid(fmt::format("field '{}' is {}; it must fit 32 bits", name, wide));
    return;
  }
  out = static_cast<int>(wide);
}

}  // namespace longhaul::wire
