#include "trainer/loop/answer.h"

#include <utility>

#include "base/json/json.h"

namespace longhaul::trainer {

std::string answer_text(const Result<std::string>& result) {
  if (result) return json::to_text(json::object{{"value", *result}});
  return json::to_text(
      json::object{{"code", static_cast<int64_t>(result.error().code)}, {"message", result.error().message}});
}

Result<Answer> read_answer(const std::string& text) {
  const auto o = json::parse_object(text);
  if (!o) return corrupt("no answer: " + o.error().message);
  if (const auto value = json::get_string(*o, "value")) return Answer{*value, std::nullopt};
  const auto code = json::get_int(*o, "code");
  auto message = json::get_string(*o, "message");
  if (!code || !message || *code < 0 || *code > static_cast<int64_t>(ErrorCode::kInternal))
    return corrupt("an answer with neither a value nor an error: " + text);
  return Answer{"", Error{static_cast<ErrorCode>(*code), std::move(*message)}};
}

Result<std::string> parse_answer(const std::string& text) {
  auto answer = read_answer(text);
  if (!answer) return std::move(answer).error();
  if (answer->error) return std::move(*answer->error);
  return std::move(answer->value);
}

}  // namespace longhaul::trainer
