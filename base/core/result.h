// Errors are values: a function that can fail returns Result<T>. Exceptions mean a bug or a failed
// start, and are caught only at the roots (main, coroutine roots).
// Thread-safety: plain values.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace longhaul {

// What kind of thing went wrong: callers branch on this, people read `message`.
enum class ErrorCode {
  kInvalid,      // input that can never be right: config, arguments, a malformed message
  kNotFound,     // the named thing does not exist
  kConflict,     // it exists already, or belongs to another run, term or generation
  kIo,           // the operating system said no; message carries path and errno text
  kNoSpace,      // disk or quota full
  kCorrupt,      // bytes that are there but wrong: digest, length, format
  kTimeout,      // a deadline passed
  kClosed,       // the peer is gone
  kDenied,       // not allowed: authentication, fencing, read-only listener
  kUnavailable,  // cannot now, may work later
  kInternal,     // a bug
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // The same error with what was being done put in front: "load checkpoint: …".
  Error with_context(const std::string& doing) && { return Error{code, doing + ": " + message}; }
};

template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}
};

inline Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }
inline Error corrupt(std::string message) { return Error{ErrorCode::kCorrupt, std::move(message)}; }

}  // namespace longhaul

// LH_TRY(expr): return the error of a Result<void>-like expression, or go on.
// LH_ASSIGN(auto x, expr): the value of a Result, or return its error.
#define LH_CONCAT_INNER(a, b) a##b
#define LH_CONCAT(a, b) LH_CONCAT_INNER(a, b)
#define LH_TRY(expr)                                     \
  do {                                                   \
    auto lh_result = (expr);                             \
    if (!lh_result) return std::move(lh_result).error(); \
  } while (false)
#define LH_ASSIGN_INNER(tmp, lhs, expr)    \
  auto tmp = (expr);                       \
  if (!tmp) return std::move(tmp).error(); \
  lhs = std::move(*tmp)
#define LH_ASSIGN(lhs, expr) LH_ASSIGN_INNER(LH_CONCAT(lh_tmp_, __LINE__), lhs, expr)
