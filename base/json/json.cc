#include "base/json/json.h"

#include <cmath>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "base/core/text.h"

namespace longhaul::json {
namespace {

Error wrong(std::string_view key, const value* found, std::string_view wanted) {
  if (found == nullptr) return invalid(fmt::format("field '{}' is missing; it must be {}", key, wanted));
  return invalid(fmt::format("field '{}' is {}; it must be {}", key, shorten(to_text(*found)), wanted));
}

}  // namespace

Result<value> parse(std::string_view text) {
  boost::json::error_code ec;
  value v = boost::json::parse(boost::json::string_view(text.data(), text.size()), ec);
  if (ec) return invalid(fmt::format("not valid JSON ({}): {}", ec.message(), printable(shorten(text))));
  return v;
}

Result<array> parse_array(std::string_view text) {
  LH_ASSIGN(value v, parse(text));
  if (!v.is_array()) return invalid("expected a JSON list, found: " + shorten(to_text(v)));
  return std::move(v.get_array());
}

Result<object> parse_object(std::string_view text) {
  LH_ASSIGN(value v, parse(text));
  if (!v.is_object()) return invalid("expected a JSON object, found: " + shorten(to_text(v)));
  return std::move(v.get_object());
}

Result<int64_t> get_int(const object& o, std::string_view key) {
  const value* v = o.if_contains(key);
  if (v != nullptr && v->is_int64()) return v->get_int64();
  return wrong(key, v, "an integer");
}

Result<double> get_double(const object& o, std::string_view key) {
  const value* v = o.if_contains(key);
  if (v != nullptr && v->is_number()) return v->to_number<double>();
  return wrong(key, v, "a number");
}

Result<std::string> get_string(const object& o, std::string_view key) {
  const value* v = o.if_contains(key);
  if (v != nullptr && v->is_string()) return std::string(v->get_string());
  return wrong(key, v, "a string");
}

Result<bool> get_bool(const object& o, std::string_view key) {
  const value* v = o.if_contains(key);
  if (v != nullptr && v->is_bool()) return v->get_bool();
  return wrong(key, v, "true or false");
}

Result<object> get_object(const object& o, std::string_view key) {
  const value* v = o.if_contains(key);
  if (v != nullptr && v->is_object()) return v->get_object();
  return wrong(key, v, "an object");
}

Result<array> get_array(const object& o, std::string_view key) {
  const value* v = o.if_contains(key);
  if (v != nullptr && v->is_array()) return v->get_array();
  return wrong(key, v, "an array");
}

int64_t int_or(const object& o, std::string_view key, int64_t otherwise) {
  const value* v = o.if_contains(key);
  return v != nullptr && v->is_int64() ? v->get_int64() : otherwise;
}

std::string string_or(const object& o, std::string_view key, std::string otherwise) {
  const value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : otherwise;
}

bool bool_or(const object& o, std::string_view key, bool otherwise) {
  const value* v = o.if_contains(key);
  return v != nullptr && v->is_bool() ? v->get_bool() : otherwise;
}

value number_or_null(double number) {
  if (!std::isfinite(number)) return value(nullptr);
  return value(number);
}

}  // namespace longhaul::json
