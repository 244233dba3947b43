// Quoting what others sent in messages of our own. Thread-safe (no state).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace longhaul {

// UTF-8 text, cut between two characters when it is longer, "..." at its end.
std::string shorten(std::string_view text, size_t most_bytes = 80);

// Any bytes: what is not plain ASCII becomes '?', so that it may stand in a log or in JSON.
std::string printable(std::string_view bytes);

// Well-formed UTF-8: no stray or overlong bytes, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);
// UTF-8 as it is, and printable() of what is none.
std::string as_text(std::string_view bytes);

}  // namespace longhaul
