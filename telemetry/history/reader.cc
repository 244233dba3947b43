#include "telemetry/history/reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "telemetry/history/canonical.h"
#include "telemetry/history/event_log.h"
#include "telemetry/history/range_reader.h"
#include "telemetry/history/rollup.h"

namespace longhaul::telemetry {
namespace {

Result<std::vector<Stretch>> stretches_for(sqlite::Database& db, const SeriesQuery& query) {
  LH_ASSIGN(const auto segments, load_segments(db));
  if (!query.segment) return canonical_path(segments);
  for (const Segment& s : segments) {
    if (s.id == *query.segment) return std::vector<Stretch>{{s, {s.first_step, s.end_step}}};
  }
  return Error{ErrorCode::kNotFound, fmt::format("there is no segment {}", *query.segment)};
}

}  // namespace

Result<HistoryReader> HistoryReader::open(const std::string& path) {
  LH_ASSIGN(auto db, sqlite::Database::open(path, sqlite::Database::Mode::kReadOnly));
  return HistoryReader(std::move(db));
}

Result<Series> HistoryReader::series(const SeriesQuery& query) {
  // One snapshot for all statements: rollups and frontiers must belong together.
  LH_TRY(db_.execute("BEGIN"));
  auto series = read_series(query);
  LH_TRY(db_.execute("COMMIT"));
  return series;
}

Result<Series> HistoryReader::read_series(const SeriesQuery& query) {
  LH_ASSIGN(const auto metric, find_metric(db_, query.metric));
  if (!metric) return Error{ErrorCode::kNotFound, fmt::format("there is no metric '{}'", query.metric)};
  LH_ASSIGN(const auto path, stretches_for(db_, query));
  Series series{.metric = query.metric};
  if (path.empty()) return series;
  const int64_t newest = last_step_of(path);
  series.from = std::max(query.from.value_or(path.front().steps.first), path.front().steps.first);
  series.to = std::min(query.to.value_or(newest), newest);
  if (series.from > series.to) return series;
  series.level = level_for(series.from, series.to, std::max<int64_t>(query.points, 1));
  series.bucket_steps = int64_t{1} << (2 * series.level);

  LH_ASSIGN(auto reader, RangeReader::open(db_));
  for (const Stretch& stretch : path) {
    const StepRange range{std::max(series.from, stretch.steps.first),
                          std::min(series.to, stretch.steps.last)};
    if (range.first > range.last) continue;
    series.segments.push_back(stretch.segment);
    const size_t before = series.points.size();
    LH_TRY(reader.read(stretch.segment.id, *metric, stretch.segment.end_step, series.level, range,
                       series.points));
    // A bucket that straddles the cut has a part in each segment.
    if (before > 0 && before < series.points.size() &&
        bucket_of(series.points[before - 1].last_step, series.level) ==
            bucket_of(series.points[before].first_step, series.level)) {
      merge(series.points[before - 1], series.points[before]);
      series.points.erase(series.points.begin() + static_cast<std::ptrdiff_t>(before));
    }
  }
  return series;
}

Result<std::vector<std::string>> HistoryReader::metric_names() {
  LH_ASSIGN(auto query, db_.prepare("SELECT name FROM metric ORDER BY name"));
  std::vector<std::string> names;
  for (;;) {
    LH_ASSIGN(const bool more, query.step());
    if (!more) return names;
    names.push_back(query.as_text(0));
  }
}

Result<std::vector<HistoryEvent>> HistoryReader::events(int64_t after, int64_t limit, EventOrder order) {
  return load_events(db_, after, limit, order);
}

Result<std::vector<Segment>> HistoryReader::segments() { return load_segments(db_); }

Result<int64_t> HistoryReader::last_step() {
  LH_ASSIGN(const auto path, load_canonical_path(db_));
  return last_step_of(path);
}

Result<std::vector<StepRange>> HistoryReader::missing_steps() { return load_missing_steps(db_); }
Result<std::optional<StepRecord>> HistoryReader::step(int64_t step) { return load_step(db_, step); }
Result<std::string> HistoryReader::loss_digest(int64_t upto) { return digest_.upto(db_, upto); }

}  // namespace longhaul::telemetry
