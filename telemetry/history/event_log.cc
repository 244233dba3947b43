#include "telemetry/history/event_log.h"

#include <limits>

namespace longhaul::telemetry {
namespace {

void bind_optional(sqlite::Statement& s, int index, const std::optional<int64_t>& value) {
  value ? s.bind(index, *value) : s.bind_null(index);
}

HistoryEvent read_event(const sqlite::Statement& row) {
  HistoryEvent e{.id = row.as_int(0),
                 .wall_ms = row.as_int(1),
                 .step = row.as_int(2),
                 .kind = row.as_text(4),
                 .severity = row.as_text(5),
                 .title = row.as_text(6),
                 .detail = row.as_text(7)};
  if (!row.is_null(3)) e.to_step = row.as_int(3);
  if (!row.is_null(8)) e.lost_steps = row.as_int(8);
  if (!row.is_null(9)) e.cost_s = row.as_double(9);
  if (!row.is_null(10)) e.node = row.as_text(10);
  return e;
}

}  // namespace

Result<int64_t> insert_event(sqlite::Database& db, const HistoryEvent& event) {
  LH_ASSIGN(auto insert,
            db.prepare("INSERT INTO event(wall_ms,step,to_step,kind,severity,title,detail,lost_steps,"
                       "cost_s,node) VALUES(?,?,?,?,?,?,?,?,?,?)"));
  insert.bind(1, event.wall_ms).bind(2, event.step).bind(4, event.kind).bind(5, event.severity);
  insert.bind(6, event.title).bind(7, event.detail);
  bind_optional(insert, 3, event.to_step);
  bind_optional(insert, 8, event.lost_steps);
  event.cost_s ? insert.bind(9, *event.cost_s) : insert.bind_null(9);
  event.node ? insert.bind(10, *event.node) : insert.bind_null(10);
  LH_TRY(insert.run());
  return db.last_insert_id();
}

Result<std::vector<HistoryEvent>> load_events(sqlite::Database& db, int64_t after, int64_t limit,
                                              EventOrder order) {
  const bool newest = order == EventOrder::kNewestFirst;
  const std::string columns =
      "SELECT id,wall_ms,step,to_step,kind,severity,title,detail,lost_steps,cost_s,node FROM event ";
  LH_ASSIGN(auto query, db.prepare(columns + (newest ? "WHERE id<? ORDER BY id DESC LIMIT ?"
                                                     : "WHERE id>? ORDER BY id LIMIT ?")));
  if (newest && after == 0) after = std::numeric_limits<int64_t>::max();
  query.bind(1, after).bind(2, limit);
  std::vector<HistoryEvent> events;
  for (;;) {
    LH_ASSIGN(const bool more, query.step());
    if (!more) return events;
    events.push_back(read_event(query));
  }
}

}  // namespace longhaul::telemetry
