#include <cstdio>

#include "daemon/cli/commands.h"

namespace longhaul::daemon {

int report_error(const Error& error) {
  std::fprintf(stderr, "longhaul: %s\n", error.message.c_str());
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kClosed:
      return 4;
    case ErrorCode::kCorrupt:
      return 5;
    case ErrorCode::kIo:
    case ErrorCode::kNoSpace:
    case ErrorCode::kInternal:
      return 3;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kDenied:
      return 2;
  }
  return 3;
}

}  // namespace longhaul::daemon
