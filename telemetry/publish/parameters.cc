#include "telemetry/publish/parameters.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace longhaul::telemetry::publish {

Parameters::Parameters(const http::Request& request, std::initializer_list<std::string_view> known)
    : request_(request) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      refuse(name, value, fmt::format("absent: this route has the parameters {}", fmt::join(known, ", ")));
    } else if (std::count_if(request.query.begin(), request.query.end(),
                             [&n = name](const auto& other) { return other.first == n; }) > 1) {
      refuse(name, value, "given once");
    }
  }
}

void Parameters::refuse(std::string_view name, std::string_view value, std::string_view allowed) {
  if (!wrong_) wrong_ = http::bad_parameter(name, value, allowed);
}

std::optional<std::string> Parameters::text(std::string_view name) {
  const std::string* value = request_.parameter(name);
  if (value == nullptr || value->empty()) return std::nullopt;
  return *value;
}

std::optional<int64_t> Parameters::integer(std::string_view name, int64_t least, int64_t most) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error == std::errc() && end == value->data() + value->size() && number >= least && number <= most)
    return number;
  refuse(name, *value, fmt::format("an integer from {} to {}", least, most));
  return std::nullopt;
}

std::string Parameters::choice(std::string_view name, std::initializer_list<std::string_view> allowed) {
  const auto value = text(name);
  if (!value) return std::string(*allowed.begin());
  if (std::find(allowed.begin(), allowed.end(), *value) == allowed.end()) {
    refuse(name, *value, fmt::format("{}", fmt::join(allowed, " or ")));
  }
  return *value;
}

}  // namespace longhaul::telemetry::publish
