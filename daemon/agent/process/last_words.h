// The end of what a rank wrote to its standard error. Thread-safe (no state).
#pragma once

#include <cstdint>
#include <string>

namespace longhaul::daemon {

// At most max_bytes from the end of the file, from a line's beginning where one is near, as valid UTF-8
// (bytes that are none become '?'). from_offset: where this rank's own output begins. Empty when the file
// is missing.
std::string last_words(const std::string& path, int64_t from_offset, int64_t max_bytes = 4096);

// Bytes that are no UTF-8 become '?'.
std::string valid_utf8(std::string text);

}  // namespace longhaul::daemon
