#include "base/core/generation.h"

#include <charconv>

#include <fmt/format.h>

namespace longhaul {

Result<Generation> parse_generation(std::string_view text) {
  Generation g;
  const char* end = text.data() + text.size();
  const auto term = std::from_chars(text.data(), end, g.term);
  if (term.ec == std::errc() && term.ptr != end && *term.ptr == '.') {
    const auto sequence = std::from_chars(term.ptr + 1, end, g.sequence);
    if (sequence.ec == std::errc() && g.term >= 0 && g.sequence >= 0 && g.text() == text) return g;
  }
  return invalid(fmt::format("'{}' is not a generation; it must be TERM.SEQUENCE, as in 3.1", text));
}

}  // namespace longhaul
