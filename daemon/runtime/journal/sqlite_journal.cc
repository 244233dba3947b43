#include "daemon/runtime/journal/sqlite_journal.h"

#include <fmt/format.h>

#include "daemon/engine/codec.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kVersion = 1;
constexpr char kSchema[] = R"(
CREATE TABLE IF NOT EXISTS entry(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,       -- the input the decision was made with
  term INTEGER NOT NULL,
  event TEXT NOT NULL,          -- JSON, as daemon/engine/codec.h
  reasons TEXT NOT NULL,        -- JSON list
  actions TEXT NOT NULL);       -- JSON list
CREATE TABLE IF NOT EXISTS snapshot(id INTEGER PRIMARY KEY CHECK(id = 1), entry INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO meta VALUES('version', 1);
)";

}  // namespace

SqliteJournal::SqliteJournal(sqlite::Database db, sqlite::Statement insert, sqlite::Statement save)
    : db_(std::move(db)), insert_(std::move(insert)), save_(std::move(save)) {}

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::string& path) {
  LH_ASSIGN(auto db, sqlite::Database::open(path));
  LH_TRY(db.execute(kSchema));
  LH_ASSIGN(auto version, db.prepare("SELECT value FROM meta WHERE key = 'version'"));
  LH_ASSIGN(const bool found, version.step());
  if (!found || version.as_int(0) > kVersion) {
    return Error{ErrorCode::kConflict, fmt::format("{}: written by a newer version ({}); this one reads {}",
                                                   path, found ? version.as_int(0) : 0, kVersion)};
  }
  version.reset();
  LH_ASSIGN(auto insert,
            db.prepare("INSERT INTO entry(at_ms, term, event, reasons, actions) VALUES(?,?,?,?,?)"));
  LH_ASSIGN(auto save, db.prepare("INSERT OR REPLACE INTO snapshot VALUES(1,?,?)"));
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(std::move(db), std::move(insert), std::move(save)));
}

Result<std::optional<RunState>> SqliteJournal::load() {
  LH_ASSIGN(auto query, db_.prepare("SELECT state FROM snapshot WHERE id = 1"));
  LH_ASSIGN(const bool found, query.step());
  if (!found) return std::optional<RunState>();
  LH_ASSIGN(const auto object, json::parse_object(query.as_text(0)));
  auto state = parse_run_state(object);
  if (!state) return std::move(state.error()).with_context("journal snapshot");
  return std::optional<RunState>(std::move(*state));
}

Result<int64_t> SqliteJournal::append(const Event& event, const Inputs& inputs, const Decision& decision) {
  json::array reasons;
  for (const std::string& reason : decision.reasons) reasons.push_back(json::value(reason));
  json::array actions;
  for (const Action& action : decision.actions) actions.push_back(to_json(action));
  int64_t id = 0;
  const auto body = [&]() -> Result<> {
    LH_TRY(insert_.bind(1, inputs.now_ms)
               .bind(2, decision.next.term)
               .bind(3, json::to_text(to_json(event)))
               .bind(4, json::to_text(reasons))
               .bind(5, json::to_text(actions))
               .run());
    id = db_.last_insert_id();
    return save_.bind(1, id).bind(2, json::to_text(to_json(decision.next))).run();
  };
  LH_TRY(db_.transaction(body));
  return id;
}

}  // namespace longhaul::daemon
