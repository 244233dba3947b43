#include "telemetry/history/schema.h"

#include <fmt/format.h>

namespace longhaul::telemetry {
namespace {

// nf: 0 as stored in v, 1 NaN, 2 +Inf, 3 -Inf, 4 -0.0 (values.cc says why v alone cannot tell).
// rollup.b = step / 4^lvl. WITHOUT ROWID: the rows lie in key order, a chart is one range scan.
constexpr const char* kTables = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE segment(id INTEGER PRIMARY KEY, branch INTEGER NOT NULL UNIQUE, parent_id INTEGER REFERENCES segment(id),
  first_step INTEGER NOT NULL, end_step INTEGER NOT NULL, cut_step INTEGER, reason TEXT NOT NULL,
  cut_reason TEXT NOT NULL DEFAULT '');
CREATE TABLE metric(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE axis(seg INTEGER NOT NULL, step INTEGER NOT NULL, wall_ms INTEGER NOT NULL, tokens INTEGER NOT NULL,
  PRIMARY KEY(seg, step)) WITHOUT ROWID;
CREATE TABLE sample(seg INTEGER NOT NULL, metric INTEGER NOT NULL, step INTEGER NOT NULL, v REAL, nf INTEGER NOT NULL,
  PRIMARY KEY(seg, metric, step)) WITHOUT ROWID;
CREATE TABLE rollup(seg INTEGER NOT NULL, metric INTEGER NOT NULL, lvl INTEGER NOT NULL, b INTEGER NOT NULL,
  n INTEGER NOT NULL, n_nf INTEGER NOT NULL, mn REAL, mx REAL, sum REAL, last REAL, first_step INTEGER NOT NULL,
  last_step INTEGER NOT NULL, wall_ms INTEGER NOT NULL, tokens INTEGER NOT NULL,
  PRIMARY KEY(seg, metric, lvl, b)) WITHOUT ROWID;
CREATE TABLE event(id INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, step INTEGER NOT NULL, to_step INTEGER,
  kind TEXT NOT NULL, severity TEXT NOT NULL, title TEXT NOT NULL, detail TEXT NOT NULL, lost_steps INTEGER,
  cost_s REAL, node TEXT);
CREATE TABLE source_mark(source TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox(seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
)sql";
constexpr const char* kTablesSince2 = R"sql(
CREATE TABLE mismatch(id INTEGER PRIMARY KEY AUTOINCREMENT, step INTEGER NOT NULL, metric TEXT NOT NULL,
  recorded REAL, reported REAL);
DELETE FROM meta WHERE key LIKE 'user.announced:%';  -- source_mark of the journal says it since
)sql";

Result<int64_t> stored_version(sqlite::Database& db) {
  LH_ASSIGN(auto query, db.prepare("PRAGMA user_version"));
  LH_ASSIGN(const bool found, query.step());
  return found ? query.as_int(0) : 0;
}

}  // namespace

Result<> create_or_check_schema(sqlite::Database& db) {
  return db.transaction([&]() -> Result<> {
    LH_ASSIGN(const int64_t version, stored_version(db));
    if (version == kHistoryVersion) return {};
    if (version > kHistoryVersion) {
      return Error{
          ErrorCode::kConflict,
          fmt::format("the history is of version {}, this program knows up to {}", version, kHistoryVersion)};
    }
    if (version < 1) LH_TRY(db.execute(kTables));
    LH_TRY(db.execute(kTablesSince2));
    return db.execute(fmt::format("PRAGMA user_version={}", kHistoryVersion));
  });
}

}  // namespace longhaul::telemetry
