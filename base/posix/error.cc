#include "base/posix/error.h"

#include <cerrno>
#include <system_error>

namespace longhaul {

Error errno_error(const std::string& what, int error_number) {
  const int number = error_number != 0 ? error_number : errno;
  const std::string text = what + ": " + std::generic_category().message(number);
  if (number == ENOSPC || number == EDQUOT) return Error{ErrorCode::kNoSpace, text};
  if (number == ENOENT) return Error{ErrorCode::kNotFound, text};
  if (number == EEXIST) return Error{ErrorCode::kConflict, text};
  return Error{ErrorCode::kIo, text};
}

}  // namespace longhaul
