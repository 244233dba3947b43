// The journal on the daemon's state disk: every event with what was decided and why, and the state after
// it, in one transaction. Doubles as the audit log.
// Thread-safety: one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/sqlite/database.h"
#include "daemon/engine/ports.h"

namespace longhaul::daemon {

class SqliteJournal final : public Journal {
 public:
  // Makes the file when it is absent. kConflict: written by a newer version.
  static Result<std::unique_ptr<SqliteJournal>> open(const std::string& path);

  Result<std::optional<RunState>> load() override;
  Result<int64_t> append(const Event& event, const Inputs& inputs, const Decision& decision) override;

 private:
  SqliteJournal(sqlite::Database db, sqlite::Statement insert, sqlite::Statement save);
  sqlite::Database db_;
  sqlite::Statement insert_;
  sqlite::Statement save_;
};

}  // namespace longhaul::daemon
