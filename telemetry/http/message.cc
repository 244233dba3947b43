#include "telemetry/http/message.h"

#include <ctime>

#include <fmt/format.h>

#include "base/core/text.h"
#include "base/json/json.h"

namespace longhaul::telemetry::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view reason(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not found";
    case 409:
      return "Conflict";
    case 503:
      return "Unavailable";
    case 504:
      return "Timed out";
    default:
      return "Internal error";
  }
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kDenied:
      return 403;
    case ErrorCode::kUnavailable:
    case ErrorCode::kClosed:
      return 503;
    case ErrorCode::kTimeout:
      return 504;
    case ErrorCode::kIo:
    case ErrorCode::kNoSpace:
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

// What a client sent, safe to show: no control bytes, not long.
std::string shown(std::string_view text) {
  return printable(text.substr(0, 80)) + (text.size() > 80 ? "..." : "");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return invalid("the request target holds a '%' without two hex digits");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return invalid("the request target holds a NUL");
    out += c;
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The part before `separator`; `rest` keeps what follows.
std::string_view take(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::string_view without_weak(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

}  // namespace

bool same_field_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

const std::string* find_field(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (same_field_name(key, name)) return &value;
  }
  return nullptr;
}

Response json_response(std::string body, int status) {
  return Response{
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

Response text_response(std::string body, int status) {
  return Response{
      .status = status, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = std::move(body)};
}

Response problem(int status, std::string_view title, std::string_view detail, const Fields& more) {
  json::object o{{"title", title}, {"status", status}, {"detail", as_text(detail)}};
  for (const auto& [key, value] : more) o[key] = as_text(value);
  Response response = json_response(json::to_text(o), status);
  response.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
  return response;
}

Response problem(const Error& error) {
  const int status = status_of(error.code);
  return problem(status, reason(status), error.message);
}

Response bad_parameter(std::string_view name, std::string_view value, std::string_view allowed) {
  return problem(400, "Bad parameter",
                 fmt::format("parameter '{}' is '{}'; it must be {}", shown(name), shown(value), allowed),
                 {{"parameter", shown(name)}, {"value", shown(value)}});
}

std::string http_date(int64_t wall_s) {
  const auto at = static_cast<time_t>(wall_s);
  tm utc{};
  ::gmtime_r(&at, &utc);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

Result<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return invalid("the request target must be a path that begins with '/'");
  std::string_view query = target.substr(0, target.find('#'));
  const std::string_view path = take(query, '?');
  Target parsed;
  LH_ASSIGN(parsed.path, decode(path, false));
  while (!query.empty()) {
    std::string_view value = take(query, '&');
    if (value.empty()) continue;
    const std::string_view name = take(value, '=');
    LH_ASSIGN(auto key, decode(name, true));
    LH_ASSIGN(auto decoded, decode(value, true));
    parsed.query.emplace_back(std::move(key), std::move(decoded));
  }
  return parsed;
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const std::string_view one = trim(take(if_none_match, ','));
    if (one == "*" || without_weak(one) == without_weak(etag)) return true;
  }
  return false;
}

bool accepts_encoding(std::string_view accept_encoding, std::string_view coding) {
  while (!accept_encoding.empty()) {
    std::string_view parameters = take(accept_encoding, ',');
    if (!same_field_name(trim(take(parameters, ';')), coding)) continue;
    std::string_view weight = trim(parameters);
    if (!weight.starts_with("q=")) return true;
    // q=0, q=0.0, q=0.000 say no.
    return weight.substr(2).find_first_not_of("0.") != std::string_view::npos;
  }
  return false;
}

}  // namespace longhaul::telemetry::http
