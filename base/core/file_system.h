// The file system port: what checkpoints do with disks, small enough that a simulated disk with power
// cuts and full or failing devices can stand behind it (tests/support/simulated_file_system.h).
// Paths are absolute. Errors name the path and what was tried; kNotFound, kConflict (exists already) and
// kNoSpace are told apart, all else is kIo.
// What is durable after a power cut: bytes of a file after its sync(), names in a folder after that
// folder's sync_directory(). Nothing else.
// Thread-safety: a FileSystem may be used by many threads at once, a File by one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/core/result.h"

namespace longhaul {

// Closed by its destructor.
class File {
 public:
  virtual ~File() = default;

  // All of `bytes`, or an error; after an error the file holds any part of them.
  virtual Result<> write_at(int64_t offset, std::span<const std::byte> bytes) = 0;
  // Returns how many bytes were read; fewer than asked for only at the end of the file.
  virtual Result<int64_t> read_at(int64_t offset, std::span<std::byte> bytes) = 0;
  // Takes disk space for the first size_bytes without changing the file's size, so that later writes
  // cannot run out of it. Does nothing where the file system has no such call.
  virtual Result<> reserve(int64_t size_bytes) = 0;
  // After a failure the written bytes may be gone although later calls succeed (the kernel drops the
  // pages and marks them clean): never call it again on the same file, write a new one.
  virtual Result<> sync() = 0;
  virtual Result<int64_t> size_bytes() = 0;
  // Forgets what the system holds of the file in memory, so that the next read comes from the device. What
  // is not synced yet stays. Does nothing where there is no such cache.
  virtual Result<> drop_cache() = 0;
};

struct PathInfo {
  bool is_directory = false;
  int64_t size_bytes = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path) = 0;    // to read
  virtual Result<std::unique_ptr<File>> create(const std::string& path) = 0;  // to write; must not exist
  virtual Result<PathInfo> info(const std::string& path) = 0;
  // Names (not paths), sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual Result<> make_directory(const std::string& path) = 0;  // one level; kConflict when it exists
  virtual Result<> sync_directory(const std::string& path) = 0;
  // Replaces the target, if any, atomically. Both must be in the same folder.
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<> remove_file(const std::string& path) = 0;
  virtual Result<> remove_directory(const std::string& path) = 0;  // empty ones only
  virtual Result<int64_t> available_bytes(const std::string& path) = 0;
};

}  // namespace longhaul
