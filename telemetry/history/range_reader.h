// Reads the buckets of one metric of one segment. Complete buckets are rows of `rollup`; those at the
// edges of the range, and the newest ones that are not complete, are put together from their children:
// at most three a level. Thread-safety: that of the connection.
#pragma once

#include <cstdint>
#include <vector>

#include "base/sqlite/database.h"
#include "telemetry/history/types.h"

namespace longhaul::telemetry {

class RangeReader {
 public:
  static Result<RangeReader> open(sqlite::Database& db);

  // Appends the buckets of `level` within first..last to `out`, ascending. `frontier`: newest step of the
  // segment; buckets that end at or before it are complete.
  Result<> read(int64_t segment, int64_t metric, int64_t frontier, int level, StepRange range,
                std::vector<SeriesPoint>& out);
  // The whole range as one bucket, from children of `level`; empty when there is no value.
  Result<SeriesPoint> merged(int64_t segment, int64_t metric, int64_t frontier, int level, StepRange range);

 private:
  RangeReader() = default;
  Result<> read_samples(int64_t segment, int64_t metric, StepRange range, std::vector<SeriesPoint>& out);
  Result<> read_rollups(int64_t segment, int64_t metric, int level, StepRange buckets,
                        std::vector<SeriesPoint>& out);
  sqlite::Statement samples_{nullptr};
  sqlite::Statement rollups_{nullptr};
};

}  // namespace longhaul::telemetry
