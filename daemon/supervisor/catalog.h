// What the daemon does with checkpoints on the shared store: choose one to restore, distrust, list, and
// delete what the policy no longer keeps. Blocking; for a worker. Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/posix/posix_file_system.h"
#include "checkpoint/store/store.h"
#include "daemon/api/run_view.h"

namespace longhaul::daemon {

class Catalog {
 public:
  explicit Catalog(const std::string& store_path) : store_(files_, store_path) {}

  // The newest committed, trusted checkpoint of the branch; an empty path when there is none at all.
  // An unreadable store is an error, never "none".
  struct Choice {
    std::string path;
    int64_t step = 0;
  };
  Result<Choice> newest_restorable(int64_t branch) const;

  // Never restored from again; the bytes stay for a person to look at.
  Result<> distrust(const std::string& path, const std::string& reason) const;

  Result<std::vector<CheckpointRow>> list() const;
  // Deletes what keep_last no longer covers, and torn folders of generations before this one.
  Result<> apply_retention(int64_t branch, int keep_last, const std::string& generation);

 private:
  PosixFileSystem files_;
  checkpoint::Store store_;
};

}  // namespace longhaul::daemon
