// Boost.JSON with Results: parse, and read fields with errors that name the field and what it held.
// Thread-safe (no state).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/core/result.h"

namespace longhaul::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

// One JSON text, at most 32 levels deep. Duplicate keys: the last one wins (Boost.JSON's rule).
Result<value> parse(std::string_view text);
Result<object> parse_object(std::string_view text);
Result<array> parse_array(std::string_view text);
inline std::string to_text(const value& v) { return boost::json::serialize(v); }

// Required fields: kInvalid names the key and what was found instead.
Result<int64_t> get_int(const object& o, std::string_view key);
Result<double> get_double(const object& o, std::string_view key);  // integers count
Result<std::string> get_string(const object& o, std::string_view key);
Result<bool> get_bool(const object& o, std::string_view key);
Result<object> get_object(const object& o, std::string_view key);
Result<array> get_array(const object& o, std::string_view key);

// Absent or null: the default.
int64_t int_or(const object& o, std::string_view key, int64_t otherwise);
std::string string_or(const object& o, std::string_view key, std::string otherwise);
bool bool_or(const object& o, std::string_view key, bool otherwise);

// Non-finite numbers have no JSON form: null. Unknown is null too, never 0.
value number_or_null(double number);
template <class T>
value or_null(const std::optional<T>& v) {
  return v ? value(*v) : value(nullptr);
}

}  // namespace longhaul::json
