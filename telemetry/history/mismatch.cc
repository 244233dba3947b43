#include "telemetry/history/mismatch.h"

#include <limits>

#include <fmt/format.h>

namespace longhaul::telemetry {
namespace {

double real_or_nan(const sqlite::Statement& row, int column) {  // SQLite keeps NaN as NULL
  return row.is_null(column) ? std::numeric_limits<double>::quiet_NaN() : row.as_double(column);
}

}  // namespace

Result<Mismatch> insert_mismatch(sqlite::Database& db, std::string_view epoch, int64_t step,
                                 const StepOutcome& outcome) {
  LH_ASSIGN(auto insert, db.prepare("INSERT INTO mismatch(step,metric,recorded,reported) VALUES(?,?,?,?)"));
  insert.bind(1, step).bind(2, outcome.metric).bind(3, outcome.recorded).bind(4, outcome.reported);
  LH_TRY(insert.run());
  return Mismatch{fmt::format("{}:{}", epoch, db.last_insert_id()), step, outcome.metric, outcome.recorded,
                  outcome.reported};
}

Result<std::optional<Mismatch>> load_newest_mismatch(sqlite::Database& db, std::string_view epoch) {
  LH_ASSIGN(auto query,
            db.prepare("SELECT id,step,metric,recorded,reported FROM mismatch ORDER BY id DESC LIMIT 1"));
  LH_ASSIGN(const bool found, query.step());
  if (!found) return std::optional<Mismatch>();
  return std::optional(Mismatch{fmt::format("{}:{}", epoch, query.as_int(0)), query.as_int(1),
                                query.as_text(2), real_or_nan(query, 3), real_or_nan(query, 4)});
}

}  // namespace longhaul::telemetry
