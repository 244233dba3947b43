// A Result as a line of text, to send what happened on one rank to the others with its error code kept.
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>

#include "base/core/result.h"

namespace longhaul::trainer {

std::string answer_text(const Result<std::string>& result);

struct Answer {
  std::string value;
  std::optional<Error> error;  // what the other rank met
};

// kCorrupt: the text is no answer at all, so the ranks do not understand each other.
Result<Answer> read_answer(const std::string& text);

// For those who leave after either kind of error.
Result<std::string> parse_answer(const std::string& text);

}  // namespace longhaul::trainer
