// The journal on the daemon's state disk: every event with what was decided and why, and the state after
// it, in one transaction. Doubles as the audit log.
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/sqlite/database.h"
#include "daemon/engine/ports.h"

namespace longhaul::daemon {

class SqliteJournal final : public Journal {
 public:
  // Makes the file when it is absent; brings one of the version before up to date. kConflict: written by a
  // newer version.
  static Result<std::unique_ptr<SqliteJournal>> open(const std::string& path);

  // Of this file: entry numbers of another one mean other entries.
  const std::string& uuid() const { return uuid_; }
  // The run whose decisions these are (the store's documents/run.json); the first call sets it.
  Result<std::string> belongs_to(const std::string& run_uuid);

  struct Announced {
    ActionId id;
    int64_t at_ms = 0;
    Announce announce;
  };
  // What was decided to be told after this position, oldest first.
  Result<std::vector<Announced>> announcements_after(int64_t position);

  Result<std::optional<RunState>> load() override;
  Result<int64_t> append(const Event& event, const Inputs& inputs, const Decision& decision) override;

 private:
  SqliteJournal(sqlite::Database db, std::string uuid, sqlite::Statement insert, sqlite::Statement save);
  sqlite::Database db_;
  std::string uuid_;
  sqlite::Statement insert_;
  sqlite::Statement save_;
};

}  // namespace longhaul::daemon
