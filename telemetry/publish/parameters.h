// Query parameters, checked: a wrong one is answered with its name, its value and what is right.
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "telemetry/http/message.h"

namespace longhaul::telemetry::publish {

class Parameters {
 public:
  // Names not in `known`, or given twice, are wrong.
  Parameters(const http::Request& request, std::initializer_list<std::string_view> known);

  std::optional<int64_t> integer(std::string_view name, int64_t least, int64_t most);
  std::optional<std::string> text(std::string_view name);
  // One of `allowed`; the first one when it is absent.
  std::string choice(std::string_view name, std::initializer_list<std::string_view> allowed);
  void refuse(std::string_view name, std::string_view value, std::string_view allowed);

  // The answer to the first wrong parameter, when there is one. Look before using any value.
  const std::optional<http::Response>& wrong() const { return wrong_; }

 private:
  const http::Request& request_;
  std::optional<http::Response> wrong_;
};

}  // namespace longhaul::telemetry::publish
