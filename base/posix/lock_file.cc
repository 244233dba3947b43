#include "base/posix/lock_file.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/posix/error.h"
#include "base/posix/file.h"

namespace longhaul {

Result<LockFile> LockFile::acquire(const std::string& path) {
  // Never unlinked: a lock on a removed file would let two in.
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return errno_error("open " + path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error("lock " + path);
    std::string holder = read_file(path).value_or("");
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    return Error{ErrorCode::kConflict,
                 fmt::format("{} is locked by process {}", path, holder.empty() ? "(unknown)" : holder)};
  }
  if (::ftruncate(fd.get(), 0) != 0) return errno_error("truncate " + path);
  LH_TRY(write_all(fd.get(), std::to_string(::getpid()) + "\n", path));
  return LockFile(std::move(fd));
}

}  // namespace longhaul
