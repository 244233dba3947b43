// What the daemon does with checkpoints on the shared store: choose one to restore, read one back, distrust,
// list, and delete what the policy no longer keeps. Which ones were read back is remembered for the life of
// the daemon only: a later one reads again what it has to rely on.
// Blocking; for a worker. Thread-safety: one thread; read_back() from any.
#pragma once

#include <cstdint>
#include <set>
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

  // The newest checkpoint that the branch can restore, when it is not known yet whether its bytes are right;
  // else an empty path. Those in `passed_over` count as not there.
  Result<std::string> to_verify(int64_t branch, const std::set<std::string>& passed_over) const;
  // Every byte of it, from the device. Takes as long as the store needs for all of them.
  Result<> read_back(const std::string& path) const;
  // What came of it. Damage is remembered for good, by distrust(); a store that failed says nothing.
  Result<> note_read_back(const std::string& path, const Result<>& outcome);

  Result<std::vector<CheckpointRow>> list() const;
  // Deletes what keep_last no longer covers and a newer checkpoint that was read back stands in for, and torn
  // folders of generations before this one.
  Result<> apply_retention(int64_t branch, int keep_last, const std::string& generation);

 private:
  PosixFileSystem files_;
  checkpoint::Store store_;
  std::set<std::string> verified_;  // paths
};

}  // namespace longhaul::daemon
