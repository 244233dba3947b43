// One description of a struct's fields serves writing and reading. A struct S takes part by a function,
// found by its namespace:
//   template <class V, class S> void fields(V& v, S& s) requires … { v("step", s.step); … }
// Enums take part by `std::string_view to_text(E)` and `bool from_text(std::string_view, E*)`.
// Thread-safe (no state).
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/core/result.h"
#include "base/json/json.h"

namespace longhaul::json {

template <class T>
inline constexpr bool kIsNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

class Writer {
 public:
  template <class T>
  void operator()(const char* name, const T& member) {
    written[name] = write(member);
  }
  object written;

 private:
  template <class T>
  static value write(const T& v) {
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string> ||
                  std::is_same_v<T, json::object>) {
      return value(v);
    } else if constexpr (std::is_floating_point_v<T>) {
      return number_or_null(v);
    } else if constexpr (std::is_integral_v<T>) {
      return value(static_cast<int64_t>(v));
    } else if constexpr (std::is_enum_v<T>) {
      return value(std::string(to_text(v)));
    } else {
      Writer w;
      fields(w, v);
      return value(std::move(w.written));
    }
  }
  template <class T>
  static value write(const std::optional<T>& v) {
    return v ? write(*v) : value(nullptr);
  }
  template <class T>
  static value write(const std::vector<T>& list) {
    array out;
    for (const T& entry : list) out.push_back(write(entry));
    return out;
  }
  template <class T>
  static value write(const std::map<std::string, T>& map) {
    json::object out;
    for (const auto& [key, entry] : map) out[key] = write(entry);
    return out;
  }
};

enum class Missing { kError, kDefault };  // kDefault: a field that is not there keeps its value

// Goes on after a wrong field but keeps the first error in `status`.
class Reader {
 public:
  explicit Reader(const object& from, Missing missing = Missing::kError) : object_(from), missing_(missing) {}
  Result<> status;

  template <class T>
  void operator()(const char* name, T& member) {
    if (!status) return;
    const value* found = object_.if_contains(name);
    if (found == nullptr) {
      if (missing_ == Missing::kDefault) return;
      if constexpr (requires { member.has_value(); }) return;  // an optional may be left out
      status = invalid(std::string("field '") + name + "' is missing; it must be " + wanted<T>());
      return;
    }
    read(name, *found, member);
  }

 private:
  template <class T>
  static const char* wanted() {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_integral_v<T>) return "an integer";
    if constexpr (std::is_floating_point_v<T>) return "a number";
    if constexpr (std::is_same_v<T, std::string> || std::is_enum_v<T>) return "a string";
    return "an object or a list";
  }
  void wrong(const char* name, const value& found, const std::string& must_be);

  template <class T>
  void read(const char* name, const value& v, T& out) {
    if constexpr (std::is_same_v<T, bool>) {
      if (!v.is_bool()) return wrong(name, v, wanted<T>());
      out = v.get_bool();
    } else if constexpr (std::is_floating_point_v<T>) {
      if (v.is_null())
        out = std::numeric_limits<T>::quiet_NaN();
      else if (!v.is_number())
        return wrong(name, v, wanted<T>());
      else
        out = v.to_number<T>();
    } else if constexpr (std::is_integral_v<T>) {
      if (!v.is_int64()) return wrong(name, v, wanted<T>());
      if (!std::in_range<T>(v.get_int64())) return wrong(name, v, "an integer that fits");
      out = static_cast<T>(v.get_int64());
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!v.is_string()) return wrong(name, v, wanted<T>());
      out = std::string(v.get_string());
    } else if constexpr (std::is_enum_v<T>) {
      if (!v.is_string() || !from_text(std::string_view(v.get_string()), &out))
        return wrong(name, v, "a known word");
    } else if constexpr (std::is_same_v<T, json::object>) {
      if (!v.is_object()) return wrong(name, v, "an object");
      out = v.get_object();
    } else {
      if (!v.is_object()) return wrong(name, v, "an object");
      Reader inner(v.get_object(), missing_);
      fields(inner, out);
      if (!inner.status) status = std::move(inner.status);
    }
  }
  template <class T>
  void read(const char* name, const value& v, std::optional<T>& out) {
    if (v.is_null()) return out.reset();
    read(name, v, out.emplace());
  }
  template <class T>
  void read(const char* name, const value& v, std::vector<T>& out) {
    if (!v.is_array()) return wrong(name, v, "a list");
    out.clear();
    for (const value& entry : v.get_array()) {
      if (status) read(name, entry, out.emplace_back());
    }
  }
  template <class T>
  void read(const char* name, const value& v, std::map<std::string, T>& out) {
    if (!v.is_object()) return wrong(name, v, "an object");
    out.clear();
    for (const auto& entry : v.get_object()) {
      if (status) read(name, entry.value(), out[std::string(entry.key())]);
    }
  }
  const object& object_;
  const Missing missing_;
};

template <class S>
object write_fields(const S& s) {
  Writer w;
  fields(w, s);
  return std::move(w.written);
}

template <class S>
Result<S> read_fields(const object& o, Missing missing = Missing::kError) {
  S s{};
  Reader r(o, missing);
  fields(r, s);
  if (!r.status) return std::move(r.status).error();
  return s;
}

}  // namespace longhaul::json
