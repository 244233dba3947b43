// Reading the history: charts, events, digests. Holds its own read-only connection, so it works beside a
// writer in another thread or process. Thread-safety: one object, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/sqlite/database.h"
#include "telemetry/history/loss_digest.h"
#include "telemetry/history/types.h"

namespace longhaul::telemetry {

struct SeriesQuery {
  std::string metric;
  std::optional<int64_t> from;     // first step, inclusive; default: the first there is
  std::optional<int64_t> to;       // last step, inclusive; default: the newest there is
  int64_t points = 2000;           // at most so many buckets; the finest level that fits answers
  std::optional<int64_t> segment;  // one segment alone, abandoned steps included; default: the current branch
};

class HistoryReader {
 public:
  // `path` is history.db, made by History::open before.
  static Result<HistoryReader> open(const std::string& path);

  // kNotFound: no such metric or segment.
  Result<Series> series(const SeriesQuery& query);
  Result<std::vector<std::string>> metric_names();  // sorted

  // Events with id > after (oldest first) or id < after (newest first; 0: from the newest).
  Result<std::vector<HistoryEvent>> events(int64_t after, int64_t limit, EventOrder order);
  Result<std::vector<Segment>> segments();  // by id

  // Newest step of the current branch, 0 when there is none.
  Result<int64_t> last_step();
  // Steps of 1..last_step of the current branch that were never recorded.
  Result<std::vector<StepRange>> missing_steps();
  // One step of the current branch; nullopt when it was not recorded.
  Result<std::optional<StepRecord>> step(int64_t step);
  // First 16 hex digits of SHA-256 over (u64-le step, u32-le f32 bits of the loss) for steps 1..upto of the
  // current branch. kNotFound names the first step without a loss. upto 0: the digest of nothing.
  Result<std::string> loss_digest(int64_t upto);

 private:
  explicit HistoryReader(sqlite::Database db) : db_(std::move(db)) {}
  Result<Series> read_series(const SeriesQuery& query);
  sqlite::Database db_;
  LossDigest digest_;
};

}  // namespace longhaul::telemetry
