// A Result as a line of text, to send what happened on one rank to the others with its error code kept.
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "base/core/result.h"
#include "base/json/json.h"

namespace longhaul::trainer {

inline std::string answer_text(const Result<std::string>& result) {
  if (result) return json::to_text(json::object{{"value", *result}});
  return json::to_text(
      json::object{{"code", static_cast<int64_t>(result.error().code)}, {"message", result.error().message}});
}

inline Result<std::string> parse_answer(const std::string& text) {
  LH_ASSIGN(const json::object o, json::parse_object(text));
  if (o.contains("value")) return json::get_string(o, "value");
  LH_ASSIGN(const int64_t code, json::get_int(o, "code"));
  LH_ASSIGN(std::string message, json::get_string(o, "message"));
  if (code < 0 || code > static_cast<int64_t>(ErrorCode::kInternal))
    return corrupt("an answer with error code " + std::to_string(code));
  return Error{static_cast<ErrorCode>(code), std::move(message)};
}

}  // namespace longhaul::trainer
