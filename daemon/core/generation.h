// A generation numbers one launch of the ranks: (term of the daemon that launched it, sequence in that
// term). Everything a rank, a command or a checkpoint does carries it; whoever holds a newer one
// refuses effects of an older one. Plain values.
#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace longhaul::daemon {

struct Generation {
  int64_t term = 0;
  int64_t sequence = 0;

  auto operator<=>(const Generation&) const = default;
  bool is_none() const { return term == 0; }
  std::string text() const { return std::to_string(term) + "." + std::to_string(sequence); }  // "3.1"
};

inline std::optional<Generation> parse_generation(std::string_view text) {
  Generation g;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, g.term);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, g.sequence);
  if (second.ec != std::errc() || second.ptr != end || g.term < 0 || g.sequence < 0) return std::nullopt;
  return g;
}

}  // namespace longhaul::daemon
