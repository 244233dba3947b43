// HTTP requests and responses as plain values, and RFC 9457 problems. Nothing here knows a socket.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/result.h"

namespace longhaul::telemetry::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Field names have no case.
bool same_field_name(std::string_view a, std::string_view b);
// The value of the first field of that name, any case; null when absent.
const std::string* find_field(const Fields& fields, std::string_view name);

struct Request {
  std::string method;  // GET for HEAD too: the server drops the body
  std::string path;    // percent-decoded, begins with '/'
  Fields query;        // decoded, in order
  Fields headers;
  std::string body;
  std::string remote;                // address without port; empty on a Unix socket
  std::optional<uint32_t> peer_uid;  // who is at the other end of a Unix socket

  const std::string* header(std::string_view name) const { return find_field(headers, name); }
  const std::string* parameter(std::string_view name) const { return find_field(query, name); }
};

struct Response {
  int status = 200;
  Fields headers;                // the server adds Content-Length, Date, security headers; an ETag that the
                                 // request's If-None-Match names turns a 200 into a 304
  std::string body;              // this,
  std::string_view static_body;  // or bytes that outlive the server
  std::string_view route;        // template for metrics, a literal: "/api/v1/series"
};

Response json_response(std::string body, int status = 200);
Response text_response(std::string body, int status = 200);

// application/problem+json: {"title","status","detail",…}. `detail` says what was found and what is right.
Response problem(int status, std::string_view title, std::string_view detail, const Fields& more = {});
// kInvalid → 400, kNotFound → 404, kConflict → 409, kDenied → 403, kUnavailable → 503, … else 500.
Response problem(const Error& error);
// A bad query parameter: names it, its value and what is allowed.
Response bad_parameter(std::string_view name, std::string_view value, std::string_view allowed);

// "Fri, 02 Jan 2026 03:04:05 GMT", of a Date header; whatever the locale.
std::string http_date(int64_t wall_s);

// Answers once, from any thread, now or later.
using Reply = std::function<void(Response)>;
// Runs on the server's thread; the request lives until it returns.
using Handler = std::function<void(const Request&, Reply)>;

// "/a%20b?x=1&y" → path and query. kInvalid on a bad escape, a NUL, or a target that is no path.
struct Target {
  std::string path;
  Fields query;
};
Result<Target> parse_target(std::string_view target);
// The ETag matches an If-None-Match header (weak comparison, lists, "*").
bool etag_matches(std::string_view if_none_match, std::string_view etag);
// Accept-Encoding allows `coding` ("br", "gzip"): named, with q > 0.
bool accepts_encoding(std::string_view accept_encoding, std::string_view coding);

}  // namespace longhaul::telemetry::http
