// A blocking HTTP/1.1 client for the command line and for tests: one request, one connection.
// Thread-safe (no state).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "telemetry/http/message.h"

namespace longhaul::telemetry::http {

struct ClientResponse {
  int status = 0;
  Fields headers;
  std::string body;
  const std::string* header(std::string_view name) const { return find_field(headers, name); }
};

// endpoint: "127.0.0.1:8080", "[::1]:8080" or "unix:/path". kUnavailable: nobody listens there.
// kTimeout: not answered whole within timeout_ms.
Result<ClientResponse> request(const std::string& endpoint, std::string_view method, std::string_view target,
                               const Fields& headers = {}, std::string_view body = {},
                               int64_t timeout_ms = 10'000);

}  // namespace longhaul::telemetry::http
