#include "telemetry/history/step_writer.h"

#include <fmt/format.h>

#include "telemetry/history/values.h"

namespace longhaul::telemetry {

Result<StepWriter> StepWriter::open(sqlite::Database& db) {
  LH_ASSIGN(auto reader, RangeReader::open(db));
  StepWriter writer(db, std::move(reader));
  LH_TRY(writer.prepare());
  return writer;
}

Result<> StepWriter::prepare() {
  LH_ASSIGN(sql_.segment, db_->prepare("SELECT first_step, end_step FROM segment WHERE id=?"));
  LH_ASSIGN(sql_.end_step, db_->prepare("UPDATE segment SET end_step=? WHERE id=?"));
  LH_ASSIGN(sql_.find_axis, db_->prepare("SELECT 1 FROM axis WHERE seg=? AND step=?"));
  LH_ASSIGN(sql_.axis, db_->prepare("INSERT INTO axis VALUES(?,?,?,?)"));
  LH_ASSIGN(sql_.find_sample, db_->prepare("SELECT v, nf FROM sample WHERE seg=? AND metric=? AND step=?"));
  LH_ASSIGN(sql_.sample, db_->prepare("INSERT INTO sample VALUES(?,?,?,?,?)"));
  // RETURNING tells whether it was new, at four times the cost.
  LH_ASSIGN(sql_.late_sample,
            db_->prepare("INSERT INTO sample VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING RETURNING 1"));
  LH_ASSIGN(sql_.rollup,
            db_->prepare("INSERT OR REPLACE INTO rollup(seg,metric,lvl,b,n,n_nf,mn,mx,sum,last,first_step,"
                         "last_step,wall_ms,tokens) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  LH_ASSIGN(auto known, db_->prepare("SELECT id, name FROM metric"));
  for (;;) {
    LH_ASSIGN(const bool more, known.step());
    if (!more) return {};
    metrics_[known.as_text(1)] = known.as_int(0);
  }
}

Result<StepWriter::SegmentState*> StepWriter::state_of(int64_t segment) {
  if (auto it = segments_.find(segment); it != segments_.end()) return &it->second;
  sql_.segment.reset();
  sql_.segment.bind(1, segment);
  LH_ASSIGN(const bool found, sql_.segment.step());
  if (!found) return invalid(fmt::format("there is no segment {}", segment));
  SegmentState state{.first_step = sql_.segment.as_int(0), .frontier = sql_.segment.as_int(1)};
  sql_.segment.reset();
  for (const auto& [name, metric] : metrics_) LH_TRY(rebuild(segment, metric, state));
  return &segments_.emplace(segment, std::move(state)).first->second;
}

// The open buckets from the file: the open one of level l holds the step after the frontier, and its
// complete children are rows of level l-1.
Result<> StepWriter::rebuild(int64_t segment, int64_t metric, SegmentState& state) {
  OpenBuckets& open = state.open[metric] = OpenBuckets();
  for (int level = 1; level <= kMaxLevel; ++level) {
    const int64_t first = bucket_first(bucket_of(state.frontier + 1, level), level);
    const int64_t complete = bucket_first(bucket_of(state.frontier + 1, level - 1), level - 1) - 1;
    std::vector<SeriesPoint> children;
    LH_TRY(reader_.read(segment, metric, state.frontier, level - 1, {first, complete}, children));
    for (const SeriesPoint& child : children) open.restore(level, child);
  }
  return {};
}

Result<int64_t> StepWriter::metric_id(const std::string& name) {
  if (auto it = metrics_.find(name); it != metrics_.end()) return it->second;
  LH_ASSIGN(auto add, db_->prepare("INSERT INTO metric(name) VALUES(?)"));
  LH_TRY(add.bind(1, name).run());
  return metrics_[name] = db_->last_insert_id();
}

Result<StepOutcome> StepWriter::write(int64_t segment, const StepRecord& record) {
  LH_ASSIGN(SegmentState * state, state_of(segment));
  if (record.step < state->first_step) return StepOutcome{.outcome = Outcome::kRefused};
  const bool late = record.step <= state->frontier;
  if (late) {
    LH_ASSIGN(const bool known, is_recorded(segment, record.step));
    if (known) return compare(segment, record);
  }
  if (late) {
    LH_TRY(insert_late(segment, record));
  } else {
    LH_TRY(insert_next(segment, *state, record));
  }
  return StepOutcome{};
}

Result<bool> StepWriter::is_recorded(int64_t segment, int64_t step) {
  sql_.find_axis.bind(1, segment).bind(2, step);
  LH_ASSIGN(const bool found, sql_.find_axis.step());
  sql_.find_axis.reset();
  return found;
}

Result<StepOutcome> StepWriter::compare(int64_t segment, const StepRecord& record) {
  for (const auto& [name, value] : record.values) {
    if (name != kLossMetric && name != kGradNormMetric) continue;
    LH_ASSIGN(const int64_t metric, metric_id(name));
    sql_.find_sample.bind(1, segment).bind(2, metric).bind(3, record.step);
    LH_ASSIGN(const bool found, sql_.find_sample.step());
    const double recorded = found ? read_value(sql_.find_sample, 0, 1) : value;
    sql_.find_sample.reset();
    if (!same_value(recorded, value)) return StepOutcome{Outcome::kDiffers, name, recorded, value};
  }
  // A metric that only this source had is kept too.
  LH_TRY(insert_late_samples(segment, record));
  return StepOutcome{.outcome = Outcome::kSame};
}

Result<> StepWriter::insert_next(int64_t segment, SegmentState& state, const StepRecord& record) {
  LH_TRY(
      sql_.axis.bind(1, segment).bind(2, record.step).bind(3, record.wall_ms).bind(4, record.tokens).run());
  for (const auto& [name, value] : record.values) {
    LH_ASSIGN(const int64_t metric, metric_id(name));
    OpenBuckets& open = state.open[metric];
    LH_TRY(close_buckets(segment, metric, open, record.step - 1));
    if (open.last_step() == record.step) continue;  // named twice: the first one counts
    sql_.sample.bind(1, segment).bind(2, metric).bind(3, record.step);
    bind_value(sql_.sample, 4, 5, value);
    LH_TRY(sql_.sample.run());
    open.add(sample_point(record.step, value, record.wall_ms, record.tokens));
  }
  state.frontier = record.step;
  state.touched = true;
  return {};
}

Result<> StepWriter::insert_late(int64_t segment, const StepRecord& record) {
  LH_TRY(
      sql_.axis.bind(1, segment).bind(2, record.step).bind(3, record.wall_ms).bind(4, record.tokens).run());
  return insert_late_samples(segment, record);
}

Result<> StepWriter::insert_late_samples(int64_t segment, const StepRecord& record) {
  for (const auto& [name, value] : record.values) {
    LH_ASSIGN(const int64_t metric, metric_id(name));
    sql_.late_sample.bind(1, segment).bind(2, metric).bind(3, record.step);
    bind_value(sql_.late_sample, 4, 5, value);
    LH_ASSIGN(const bool added, sql_.late_sample.step());
    sql_.late_sample.reset();
    if (added) late_[{segment, metric}].insert(record.step);
  }
  return {};
}

Result<> StepWriter::close_buckets(int64_t segment, int64_t metric, OpenBuckets& open, int64_t frontier) {
  Result<> done;
  open.close_until(frontier, [&](int level, int64_t bucket, const SeriesPoint& point) {
    if (done) done = write_rollup(segment, metric, level, bucket, point);
  });
  return done;
}

Result<> StepWriter::write_rollup(int64_t segment, int64_t metric, int level, int64_t bucket,
                                  const SeriesPoint& point) {
  sqlite::Statement& s = sql_.rollup;
  s.bind(1, segment).bind(2, metric).bind(3, level).bind(4, bucket).bind(5, point.n).bind(6, point.nonfinite);
  s.bind(7, point.min).bind(8, point.max).bind(9, point.sum).bind(10, point.last).bind(11, point.first_step);
  s.bind(12, point.last_step).bind(13, point.wall_ms).bind(14, point.tokens);
  return s.run();
}

Result<> StepWriter::finish() {
  for (auto& [segment, state] : segments_) {
    if (!state.touched) continue;
    for (auto& [metric, open] : state.open) LH_TRY(close_buckets(segment, metric, open, state.frontier));
    LH_TRY(sql_.end_step.bind(1, state.frontier).bind(2, segment).run());
    state.touched = false;
  }
  return rewrite_late();
}

Result<> StepWriter::rewrite_late() {
  for (const auto& [key, steps] : late_) {
    const auto [segment, metric] = key;
    LH_ASSIGN(SegmentState * state, state_of(segment));
    std::set<int64_t> buckets = steps;  // of the level below
    for (int level = 1; level <= kMaxLevel; ++level) {
      std::set<int64_t> parents;
      for (const int64_t b : buckets) parents.insert(b >> 2);
      for (const int64_t b : parents) {
        const StepRange range{bucket_first(b, level), bucket_end(b, level)};
        if (range.last > state->frontier) continue;  // still open
        LH_ASSIGN(const SeriesPoint point,
                  reader_.merged(segment, metric, state->frontier, level - 1, range));
        LH_TRY(write_rollup(segment, metric, level, b, point));
      }
      buckets = std::move(parents);
    }
    LH_TRY(rebuild(segment, metric, *state));
  }
  late_.clear();
  return {};
}

}  // namespace longhaul::telemetry
