// The arithmetic of rollups, without a database. A bucket of level l holds the steps b·4^l … (b+1)·4^l-1
// and is the merge of its four children in step order: whichever way the samples arrived, its bits are
// the same. Thread-safety: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "telemetry/history/types.h"

namespace longhaul::telemetry {

inline constexpr int kMaxLevel = 12;  // 4^12 = 16.7 M steps a bucket

inline int64_t bucket_of(int64_t step, int level) { return step >> (2 * level); }
inline int64_t bucket_first(int64_t bucket, int level) { return bucket << (2 * level); }
inline int64_t bucket_end(int64_t bucket, int level) { return ((bucket + 1) << (2 * level)) - 1; }

// The finest level at which from..to is at most `points` (≥ 1) buckets.
int level_for(int64_t from, int64_t to, int64_t points);

SeriesPoint sample_point(int64_t step, double value, int64_t wall_ms, int64_t tokens);
// `next` lies after `point` (or point is empty: no values at all).
void merge(SeriesPoint& point, const SeriesPoint& next);
inline bool empty(const SeriesPoint& p) { return p.n + p.nonfinite == 0; }

// The buckets of one metric that are not complete yet, one a level: each the merge of its complete
// children. Fed in step order.
class OpenBuckets {
 public:
  // Calls write(level, bucket, point) for every bucket that ends at or before `frontier`, finer levels first.
  template <class Write>
  void close_until(int64_t frontier, Write&& write) {
    for (int level = 1; level <= kMaxLevel; ++level) {
      SeriesPoint& open = open_[static_cast<size_t>(level)];
      if (empty(open)) continue;
      const int64_t bucket = bucket_of(open.last_step, level);
      if (bucket_end(bucket, level) > frontier) continue;  // a coarser one may still be due
      write(level, bucket, open);
      if (level < kMaxLevel) merge(open_[static_cast<size_t>(level) + 1], open);
      open = SeriesPoint{};
    }
  }
  // A value of a step after all given before; close_until(step - 1) has been called.
  void add(const SeriesPoint& sample) { merge(open_[1], sample); }
  // Newest step added, 0 when its buckets are all complete.
  int64_t last_step() const { return open_[1].last_step; }
  // For the rebuild at start: a complete child of the open bucket at `level`.
  void restore(int level, const SeriesPoint& child) { merge(open_[static_cast<size_t>(level)], child); }

 private:
  std::array<SeriesPoint, kMaxLevel + 1> open_;
};

}  // namespace longhaul::telemetry
