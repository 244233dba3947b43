#include "base/posix/posix_file_system.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/posix/error.h"
#include "base/posix/file.h"
#include "base/posix/unique_fd.h"

namespace longhaul {
namespace {

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<> write_at(int64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno_error("write " + path_);
      offset += n;
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return {};
  }

  Result<int64_t> read_at(int64_t offset, std::span<std::byte> bytes) override {
    int64_t total = 0;
    while (!bytes.empty()) {
      const ssize_t n = ::pread(fd_.get(), bytes.data(), bytes.size(), offset + total);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno_error("read " + path_);
      if (n == 0) break;
      total += n;
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return total;
  }

  // The system call, not posix_fallocate: where it is missing, glibc would write every block instead.
  Result<> reserve(int64_t size_bytes) override {
    while (size_bytes > 0 && ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, size_bytes) != 0) {
      if (errno == EINTR) continue;
      if (errno == EOPNOTSUPP || errno == ENOSYS) return {};
      return errno_error("reserve space for " + path_);
    }
    return {};
  }

  // Not repeated after EINTR either: nobody promises what was written back.
  Result<> sync() override {
    if (::fsync(fd_.get()) != 0) return errno_error("fsync " + path_);
    return {};
  }

  Result<int64_t> size_bytes() override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return errno_error("stat " + path_);
    return int64_t{info.st_size};
  }

  Result<> drop_cache() override {
    const int failure = ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
    if (failure != 0) return errno_error("drop the cached pages of " + path_, failure);
    return {};
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

Result<std::unique_ptr<File>> open_with(const std::string& path, int flags, const char* doing) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!fd) return errno_error(doing + path);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd), path));
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path) {
  return open_with(path, O_RDONLY, "open ");
}

Result<std::unique_ptr<File>> PosixFileSystem::create(const std::string& path) {
  return open_with(path, O_RDWR | O_CREAT | O_EXCL, "create ");
}

Result<PathInfo> PosixFileSystem::info(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_error("stat " + path);
  return PathInfo{S_ISDIR(info.st_mode), int64_t{info.st_size}};
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& path) {
  return list_directory(path);
}

Result<> PosixFileSystem::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0) return errno_error("mkdir " + path);
  return {};
}

Result<> PosixFileSystem::sync_directory(const std::string& path) { return longhaul::sync_directory(path); }

Result<> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return errno_error("rename " + from + " to " + to);
  return {};
}

Result<> PosixFileSystem::remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return errno_error("remove " + path);
  return {};
}

Result<> PosixFileSystem::remove_directory(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) return errno_error("remove " + path);
  return {};
}

Result<int64_t> PosixFileSystem::available_bytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return errno_error("statvfs " + path);
  return static_cast<int64_t>(info.f_bavail * info.f_frsize);
}

}  // namespace longhaul
