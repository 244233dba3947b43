// A generation numbers one launch of the ranks: (term of the daemon that launched it, sequence in that
// term), as text "3.1". Everything a rank, a command or a checkpoint does carries it; whoever holds a newer
// one refuses effects of an older one. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace longhaul {

struct Generation {
  int64_t term = 0;
  int64_t sequence = 0;

  auto operator<=>(const Generation&) const = default;
  bool is_none() const { return term == 0; }
  std::string text() const { return std::to_string(term) + "." + std::to_string(sequence); }
};

// Accepts exactly what text() makes: no leading zeros, no signs, nothing after it.
Result<Generation> parse_generation(std::string_view text);

}  // namespace longhaul
