// JSON parsers quietly keep one of two equal keys; in a file header that is an attack or an accident, and
// refused. Thread-safety: no state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace longhaul::checkpoint {

// The first key that occurs twice in one object of `text`, which must be valid JSON.
std::optional<std::string> find_duplicate_key(std::string_view text);

}  // namespace longhaul::checkpoint
