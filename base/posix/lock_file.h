// A file lock that says "I am the only one", with the holder's pid inside for messages. The kernel drops
// it when the holder dies, however it dies. Thread-safety: one thread.
#pragma once

#include <string>

#include "base/core/result.h"
#include "base/posix/unique_fd.h"

namespace longhaul {

class LockFile {
 public:
  // kConflict when a living process holds it: the message names path and pid. Waits (at most 2 s) only for
  // what a dead holder left behind.
  static Result<LockFile> acquire(const std::string& path);

 private:
  explicit LockFile(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace longhaul
