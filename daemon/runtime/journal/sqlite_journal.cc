#include "daemon/runtime/journal/sqlite_journal.h"

#include <fmt/format.h>

#include "base/crypto/random.h"
#include "daemon/engine/codec.h"

namespace longhaul::daemon {
namespace {

constexpr int64_t kVersion = 2;
constexpr char kSchema[] = R"(
CREATE TABLE entry(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,           -- the inputs the decision was made with
  term INTEGER NOT NULL,
  event TEXT NOT NULL,              -- JSON, as daemon/engine/codec.h
  reasons TEXT NOT NULL,            -- JSON list
  actions TEXT NOT NULL,            -- JSON list
  node TEXT NOT NULL DEFAULT '',    -- whose spool told of the event; '': none
  seq INTEGER NOT NULL DEFAULT 0);  -- in which entry
CREATE TABLE snapshot(id INTEGER PRIMARY KEY CHECK(id = 1), entry INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE meta(key TEXT PRIMARY KEY, value NOT NULL);
)";
// Version 1 remembered elsewhere what had been announced: all of it counts as told.
constexpr char kFromVersion1[] = R"(
ALTER TABLE entry ADD COLUMN node TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
INSERT INTO meta SELECT 'told_entry', coalesce(max(id), 0) FROM entry;
)";

Result<std::optional<std::string>> load_meta(sqlite::Database& db, std::string_view key) {
  LH_ASSIGN(auto query, db.prepare("SELECT value FROM meta WHERE key = ?"));
  LH_ASSIGN(const bool found, query.bind(1, key).step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(query.as_text(0));
}

Result<> save_meta(sqlite::Database& db, std::string_view key, std::string_view value) {
  LH_ASSIGN(auto insert, db.prepare("INSERT OR REPLACE INTO meta VALUES(?,?)"));
  return insert.bind(1, key).bind(2, value).run();
}

Result<int64_t> version_of(sqlite::Database& db) {  // 0: an empty file
  LH_ASSIGN(auto query, db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'"));
  LH_TRY(query.step());
  if (query.as_int(0) == 0) return 0;
  LH_ASSIGN(auto version, db.prepare("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'version'"));
  LH_ASSIGN(const bool found, version.step());
  return found ? version.as_int(0) : 0;
}

Result<> bring_up_to_date(sqlite::Database& db, int64_t version) {
  if (version == kVersion) return {};
  return db.transaction([&]() -> Result<> {
    LH_TRY(db.execute(version == 0 ? kSchema : kFromVersion1));
    LH_TRY(save_meta(db, "uuid", random_uuid()));
    return save_meta(db, "version", std::to_string(kVersion));
  });
}

}  // namespace

SqliteJournal::SqliteJournal(sqlite::Database db, std::string uuid, sqlite::Statement insert,
                             sqlite::Statement save)
    : db_(std::move(db)), uuid_(std::move(uuid)), insert_(std::move(insert)), save_(std::move(save)) {}

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::string& path) {
  LH_ASSIGN(auto db, sqlite::Database::open(path));
  LH_ASSIGN(const int64_t version, version_of(db));
  if (version > kVersion) {
    return Error{ErrorCode::kConflict, fmt::format("{}: written by a newer version ({}); this one reads {}",
                                                   path, version, kVersion)};
  }
  LH_TRY(bring_up_to_date(db, version));
  LH_ASSIGN(const auto uuid, load_meta(db, "uuid"));
  if (!uuid) return corrupt(path + ": it has lost its uuid");
  LH_ASSIGN(auto insert, db.prepare("INSERT INTO entry(at_ms, term, event, reasons, actions, node, seq) "
                                    "VALUES(?,?,?,?,?,?,?)"));
  LH_ASSIGN(auto save, db.prepare("INSERT OR REPLACE INTO snapshot VALUES(1,?,?)"));
  return std::unique_ptr<SqliteJournal>(
      new SqliteJournal(std::move(db), *uuid, std::move(insert), std::move(save)));
}

Result<std::string> SqliteJournal::belongs_to(const std::string& run_uuid) {
  LH_ASSIGN(const auto run, load_meta(db_, "run"));
  if (run) return *run;
  LH_TRY(save_meta(db_, "run", run_uuid));
  return run_uuid;
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
               .bind(6, inputs.spool_node)
               .bind(7, inputs.spool_seq)
               .run());
    id = db_.last_insert_id();
    return save_.bind(1, id).bind(2, json::to_text(to_json(decision.next))).run();
  };
  LH_TRY(db_.transaction(body));
  return id;
}

Result<std::vector<SqliteJournal::Announced>> SqliteJournal::announcements_after(int64_t position) {
  LH_ASSIGN(const auto told, load_meta(db_, "told_entry"));
  const int64_t told_entry = told ? std::stoll(*told) : 0;
  LH_ASSIGN(auto query, db_.prepare("SELECT id, term, at_ms, actions FROM entry WHERE id >= ? AND id > ? "
                                    "AND actions LIKE '%\"announce\"%' ORDER BY id"));
  query.bind(1, position / ActionId::kMostActions).bind(2, told_entry);
  std::vector<Announced> found;
  for (;;) {
    LH_ASSIGN(const bool more, query.step());
    if (!more) return found;
    LH_ASSIGN(const json::array actions, json::parse_array(query.as_text(3)));
    for (size_t place = 0; place < actions.size(); ++place) {
      const ActionId id{query.as_int(1), query.as_int(0), static_cast<int64_t>(place)};
      if (id.position() <= position || !actions[place].is_object()) continue;
      LH_ASSIGN(auto announce, parse_announce(actions[place].get_object()));
      if (announce) found.push_back({id, query.as_int(2), std::move(*announce)});
    }
  }
}

}  // namespace longhaul::daemon
