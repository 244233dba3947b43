// A disk in memory that forgets what was not synced. It stands behind the FileSystem port, so that a test
// can cut the power at every single operation and look at what is left.
//   Bytes become durable by the file's sync, names by the folder's. A power cut keeps the durable state and,
//   as asked, none, all or a random part of what was pending: single 512-byte sectors of writes, single
//   changes of folders in any combination.
//   A failed sync drops what was pending and a later one succeeds, as Linux does.
//   Every call counts as one operation, numbered from 0.
// Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/core/file_system.h"

namespace longhaul {

class SimulatedFileSystem final : public FileSystem {
 public:
  enum class Survivors { kDurable, kAll, kRandom };

  SimulatedFileSystem();
  ~SimulatedFileSystem() override;

  // Faults. `operation` counts from the start; the call with that number fails.
  void fail_at(int64_t operation, ErrorCode code);
  void lose_power_at(int64_t operation);  // this call and all after it fail, until restart()
  void drop_sync(int64_t sync);           // the sync with this number reports success and does nothing
  void set_capacity(int64_t size_bytes);  // of all files together
  int64_t operations() const { return operations_; }
  // Of each sync so far its operation's number.
  const std::vector<int64_t>& syncs() const { return syncs_; }
  bool lost_power() const;

  // The machine comes up again: open files are stale, faults are off.
  void restart(Survivors survivors, uint64_t seed = 0);

  // What a test may do behind the back of the code.
  void flip_bit(const std::string& path, int64_t byte, int bit);
  void put_file(const std::string& path, const std::string& content);  // durable, folders included
  std::vector<std::string> all_files() const;                          // paths, sorted
  std::string content(const std::string& path) const;

  Result<std::unique_ptr<File>> open(const std::string& path) override;
  Result<std::unique_ptr<File>> create(const std::string& path) override;
  Result<PathInfo> info(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove_file(const std::string& path) override;
  Result<> remove_directory(const std::string& path) override;
  Result<int64_t> available_bytes(const std::string& path) override;

 private:
  friend class SimulatedFile;
  struct Node;
  struct Place;
  using NodePtr = std::shared_ptr<Node>;

  // Counts the call; its error if it is to fail.
  Result<> begin(const std::string& what, const std::string& path);
  // The same for a sync; true when it is to do nothing.
  bool sync_is_dropped();
  NodePtr find(const std::string& path) const;
  Result<Place> place(const std::string& path, const std::string& what) const;
  int64_t used_bytes() const;

  NodePtr root_;
  int64_t operations_ = 0;
  std::vector<int64_t> syncs_;
  int64_t epoch_ = 0;  // restarts; files opened before are stale
  std::map<int64_t, ErrorCode> failures_;
  std::optional<int64_t> power_loss_;
  std::set<int64_t> dropped_syncs_;
  std::optional<int64_t> capacity_bytes_;
};

}  // namespace longhaul
