#include "base/posix/file.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/posix/error.h"
#include "base/posix/unique_fd.h"

namespace longhaul {
namespace {

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Threads, processes and machines may write the same path of a shared store at once, and numbers of processes
// are the same on many machines: chance gives each a name of its own.
Result<std::string> temporary_name(const std::string& path) {
  uint64_t chance = 0;
  if (::getrandom(&chance, sizeof chance, 0) != sizeof chance) return errno_error("random bytes");
  return fmt::format("{}.{:016x}.tmp", path, chance);
}

// Creates, writes and syncs a new file beside `path`; gives its name. Nothing is left of it after an error.
Result<std::string> write_temporary(const std::string& path, std::string_view content, int mode) {
  LH_ASSIGN(std::string temporary, temporary_name(path));
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return errno_error("create " + temporary);  // what has this name is not ours to remove
  auto written = write_all(fd.get(), content, temporary);
  if (written && ::fsync(fd.get()) != 0) written = errno_error("fsync " + temporary);
  if (written) return temporary;
  ::unlink(temporary.c_str());
  return std::move(written).error();
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open " + path);
  std::string content;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("read " + path);
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
  }
}

Result<> write_all(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("write " + name);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<> write_file_durably(const std::string& path, std::string_view content, int mode) {
  LH_ASSIGN(const std::string temporary, write_temporary(path, content, mode));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = errno_error("rename to " + path);
    ::unlink(temporary.c_str());
    return error;
  }
  return sync_directory(parent_of(path));
}

Result<> create_file_exclusively(const std::string& path, std::string_view content) {
  LH_ASSIGN(const std::string temporary, write_temporary(path, content, 0644));
  Result<> linked;
  if (::link(temporary.c_str(), path.c_str()) != 0) linked = errno_error("create " + path);
  ::unlink(temporary.c_str());
  if (!linked) return linked;
  return sync_directory(parent_of(path));
}

Result<> make_directories(const std::string& path) {
  if (path.empty() || path == "/" || path == ".") return {};
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    return Error{ErrorCode::kIo, path + ": exists and is not a directory"};
  }
  LH_TRY(make_directories(parent_of(path)));
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("mkdir " + path);
  return sync_directory(parent_of(path));
}

Result<> sync_directory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("open " + path);
  if (::fsync(fd.get()) != 0) return errno_error("fsync " + path);
  return {};
}

bool path_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<std::vector<std::string>> list_directory(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  if (!dir) return errno_error("open " + path);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return errno_error("read " + path);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace longhaul
