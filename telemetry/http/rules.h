// What a request must be before anyone reads its target: stricter than Beast's parser, which accepts a
// missing or double Host and transfer codings it does not know. Thread-safe (no state).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "telemetry/http/message.h"

namespace longhaul::telemetry::http {

struct RequestHead {
  std::string_view method;
  int version = 11;  // 10 × major + minor
  const Fields* headers = nullptr;
};

struct Rules {
  bool allow_post = false;
  size_t body_limit_bytes = 0;
  size_t header_fields = 64;
};

// Why the request is refused (and its connection closed), or nothing.
std::optional<Response> refusal(const RequestHead& head, const Rules& rules);
// Of a request that was not refused.
size_t body_size(const Fields& headers);

// On every answer. The page is only what this server sent: no inline script, no frame, no other host.
const Fields& security_headers();

}  // namespace longhaul::telemetry::http
