// Writes steps and keeps the rollups complete. Used inside a transaction of its caller; after a rollback
// the caller makes a new one (what is in memory is then ahead of the file).
// Thread-safety: that of the connection.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/sqlite/database.h"
#include "telemetry/history/range_reader.h"
#include "telemetry/history/rollup.h"
#include "telemetry/history/types.h"

namespace longhaul::telemetry {

class StepWriter {
 public:
  static Result<StepWriter> open(sqlite::Database& db);

  // kInvalid: no such segment.
  Result<StepOutcome> write(int64_t segment, const StepRecord& record);
  // Writes the rollups that the steps since the last call completed or changed. Before the commit.
  Result<> finish();

 private:
  struct SegmentState {
    int64_t first_step = 1;
    int64_t frontier = 0;  // newest step
    bool touched = false;
    std::unordered_map<int64_t, OpenBuckets> open;  // by metric
  };
  struct Statements {
    sqlite::Statement segment{nullptr}, end_step{nullptr}, find_axis{nullptr}, axis{nullptr};
    sqlite::Statement find_sample{nullptr}, sample{nullptr}, late_sample{nullptr}, rollup{nullptr};
  };

  explicit StepWriter(sqlite::Database& db, RangeReader reader) : db_(&db), reader_(std::move(reader)) {}
  Result<> prepare();
  Result<SegmentState*> state_of(int64_t segment);
  Result<int64_t> metric_id(const std::string& name);
  Result<> rebuild(int64_t segment, int64_t metric, SegmentState& state);

  Result<bool> is_recorded(int64_t segment, int64_t step);
  Result<StepOutcome> compare(int64_t segment, const StepRecord& record);
  // A step after all others, and one that is not.
  Result<> insert_next(int64_t segment, SegmentState& state, const StepRecord& record);
  Result<> insert_late(int64_t segment, const StepRecord& record);
  Result<> insert_late_samples(int64_t segment, const StepRecord& record);
  Result<> close_buckets(int64_t segment, int64_t metric, OpenBuckets& open, int64_t frontier);
  Result<> write_rollup(int64_t segment, int64_t metric, int level, int64_t bucket, const SeriesPoint& point);
  Result<> rewrite_late();

  sqlite::Database* db_;
  RangeReader reader_;
  Statements sql_;
  std::map<int64_t, SegmentState> segments_;
  std::unordered_map<std::string, int64_t> metrics_;
  // (segment, metric) → steps that came after later ones: their buckets are written again.
  std::map<std::pair<int64_t, int64_t>, std::set<int64_t>> late_;
};

}  // namespace longhaul::telemetry
