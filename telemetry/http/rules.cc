#include "telemetry/http/rules.h"

#include <charconv>
#include <string>

#include <fmt/format.h>

namespace longhaul::telemetry::http {
namespace {

size_t count(const Fields& headers, std::string_view name) {
  size_t n = 0;
  for (const auto& field : headers) {
    if (same_field_name(field.first, name)) ++n;
  }
  return n;
}

bool plausible_host(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  for (const char c : host) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alphanumeric && std::string_view(".-_:[]").find(c) == std::string_view::npos) return false;
  }
  return true;
}

std::optional<uint64_t> parse_length(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Response> refused_method(const RequestHead& head, const Rules& rules) {
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (reads || (head.method == "POST" && rules.allow_post)) return std::nullopt;
  const std::string allow = rules.allow_post ? "GET, HEAD, POST" : "GET, HEAD";
  Response response = problem(405, "Method not allowed", "this listener answers " + allow + " only");
  response.headers.emplace_back("Allow", allow);
  return response;
}

std::optional<Response> refused_body(const RequestHead& head, const Rules& rules) {
  if (count(*head.headers, "Transfer-Encoding") > 0) {
    return problem(400, "Bad request", "transfer codings are not accepted: send Content-Length");
  }
  const size_t lengths = count(*head.headers, "Content-Length");
  if (lengths == 0) return std::nullopt;
  const auto length = parse_length(*find_field(*head.headers, "Content-Length"));
  if (lengths > 1 || !length)
    return problem(400, "Bad request", "exactly one Content-Length, a number, is accepted");
  const size_t limit = head.method == "POST" ? rules.body_limit_bytes : 0;
  if (*length <= limit) return std::nullopt;
  return problem(413, "Body too large",
                 fmt::format("the body has {} bytes, at most {} are accepted", *length, limit));
}

}  // namespace

std::optional<Response> refusal(const RequestHead& head, const Rules& rules) {
  if (head.version != 10 && head.version != 11) {
    return problem(505, "Version not supported", "this server speaks HTTP/1.1");
  }
  if (head.headers->size() > rules.header_fields) {
    return problem(431, "Header too large",
                   fmt::format("at most {} header fields are accepted", rules.header_fields));
  }
  if (auto refused = refused_method(head, rules)) return refused;
  if (count(*head.headers, "Host") != 1 || !plausible_host(*find_field(*head.headers, "Host"))) {
    return problem(400, "Bad request",
                   "exactly one Host header, a host name with or without a port, is required");
  }
  return refused_body(head, rules);
}

size_t body_size(const Fields& headers) {
  const std::string* length = find_field(headers, "Content-Length");
  return length == nullptr ? 0 : parse_length(*length).value_or(0);
}

const Fields& security_headers() {
  static const Fields headers{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' "
       "data:; "
       "base-uri 'none'; form-action 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
  };
  return headers;
}

}  // namespace longhaul::telemetry::http
