#include "base/posix/lock_file.h"

#include <cerrno>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/posix/error.h"
#include "base/posix/file.h"
#include "base/posix/process_table.h"

namespace longhaul {

namespace {

constexpr int kDyingChildPolls = 200;  // every 10 ms

std::string holder_of(const std::string& path) {
  std::string holder = read_file(path).value_or("");
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder;
}

bool is_alive(const std::string& holder) {
  const long pid = std::strtol(holder.c_str(), nullptr, 10);
  if (pid <= 0) return true;  // unknown: it has not written its pid yet
  const auto info = process_info(static_cast<pid_t>(pid));
  return info && info->state != 'Z' && info->state != 'X';
}

}  // namespace

Result<LockFile> LockFile::acquire(const std::string& path) {
  // Never unlinked: a lock on a removed file would let two in.
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return errno_error("open " + path);
  for (int polls = 0; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++polls) {
    if (errno != EWOULDBLOCK) return errno_error("lock " + path);
    const std::string holder = holder_of(path);
    // A holder killed between fork and exec of a child lives on in that child's descriptors until the child
    // is dead too: not a conflict, only a moment.
    if (is_alive(holder) || polls >= kDyingChildPolls)
      return Error{ErrorCode::kConflict,
                   fmt::format("{} is locked by process {}", path, holder.empty() ? "(unknown)" : holder)};
    ::usleep(10'000);
  }
  if (::ftruncate(fd.get(), 0) != 0) return errno_error("truncate " + path);
  LH_TRY(write_all(fd.get(), std::to_string(::getpid()) + "\n", path));
  return LockFile(std::move(fd));
}

}  // namespace longhaul
