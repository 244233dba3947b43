#include "telemetry/history/range_reader.h"

#include <algorithm>

#include "telemetry/history/rollup.h"
#include "telemetry/history/values.h"

namespace longhaul::telemetry {

Result<RangeReader> RangeReader::open(sqlite::Database& db) {
  RangeReader reader;
  // CROSS JOIN: SQLite keeps the order, samples first.
  LH_ASSIGN(reader.samples_,
            db.prepare("SELECT s.step, s.v, s.nf, a.wall_ms, a.tokens FROM sample s CROSS JOIN axis a "
                       "ON a.seg=s.seg AND a.step=s.step WHERE s.seg=? AND s.metric=? AND "
                       "s.step BETWEEN ? AND ? ORDER BY s.step"));
  LH_ASSIGN(reader.rollups_,
            db.prepare("SELECT first_step, last_step, n, n_nf, sum, mn, mx, last, wall_ms, tokens "
                       "FROM rollup WHERE seg=? AND metric=? AND lvl=? AND b BETWEEN ? AND ? "
                       "ORDER BY b"));
  return reader;
}

Result<> RangeReader::read_samples(int64_t segment, int64_t metric, StepRange range,
                                   std::vector<SeriesPoint>& out) {
  samples_.reset();
  samples_.bind(1, segment).bind(2, metric).bind(3, range.first).bind(4, range.last);
  for (;;) {
    LH_ASSIGN(const bool more, samples_.step());
    if (!more) break;
    out.push_back(
        sample_point(samples_.as_int(0), read_value(samples_, 1, 2), samples_.as_int(3), samples_.as_int(4)));
  }
  samples_.reset();
  return {};
}

Result<> RangeReader::read_rollups(int64_t segment, int64_t metric, int level, StepRange buckets,
                                   std::vector<SeriesPoint>& out) {
  if (buckets.first > buckets.last) return {};
  rollups_.reset();
  rollups_.bind(1, segment).bind(2, metric).bind(3, level).bind(4, buckets.first).bind(5, buckets.last);
  for (;;) {
    LH_ASSIGN(const bool more, rollups_.step());
    if (!more) break;
    const auto& row = rollups_;
    out.push_back(SeriesPoint{.first_step = row.as_int(0),
                              .last_step = row.as_int(1),
                              .n = row.as_int(2),
                              .nonfinite = row.as_int(3),
                              .sum = row.as_double(4),
                              .min = row.as_double(5),
                              .max = row.as_double(6),
                              .last = row.as_double(7),
                              .wall_ms = row.as_int(8),
                              .tokens = row.as_int(9)});
  }
  rollups_.reset();
  return {};
}

Result<SeriesPoint> RangeReader::merged(int64_t segment, int64_t metric, int64_t frontier, int level,
                                        StepRange range) {
  std::vector<SeriesPoint> children;
  LH_TRY(read(segment, metric, frontier, level, range, children));
  SeriesPoint whole;
  for (const SeriesPoint& child : children) merge(whole, child);
  return whole;
}

Result<> RangeReader::read(int64_t segment, int64_t metric, int64_t frontier, int level, StepRange range,
                           std::vector<SeriesPoint>& out) {
  range.last = std::min(range.last, frontier);
  if (range.first > range.last) return {};
  if (level == 0) return read_samples(segment, metric, range, out);

  const int64_t first = bucket_of(range.first, level);
  const int64_t last = bucket_of(range.last, level);
  const bool left_whole = range.first == bucket_first(first, level);
  const bool right_whole = range.last == bucket_end(last, level);
  const auto add_partial = [&](StepRange part) -> Result<> {
    LH_ASSIGN(const SeriesPoint point, merged(segment, metric, frontier, level - 1, part));
    if (!empty(point)) out.push_back(point);
    return {};
  };
  if (first == last && !(left_whole && right_whole)) return add_partial(range);
  if (!left_whole) LH_TRY(add_partial({range.first, bucket_end(first, level)}));
  LH_TRY(read_rollups(segment, metric, level, {left_whole ? first : first + 1, right_whole ? last : last - 1},
                      out));
  if (!right_whole) LH_TRY(add_partial({bucket_first(last, level), range.last}));
  return {};
}

}  // namespace longhaul::telemetry
