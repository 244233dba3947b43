#include "telemetry/history/rollup.h"

#include <algorithm>
#include <cmath>

namespace longhaul::telemetry {

int level_for(int64_t from, int64_t to, int64_t points) {
  int level = 0;
  while (level < kMaxLevel && bucket_of(to, level) - bucket_of(from, level) + 1 > points) ++level;
  return level;
}

SeriesPoint sample_point(int64_t step, double value, int64_t wall_ms, int64_t tokens) {
  SeriesPoint p;
  p.first_step = p.last_step = step;
  p.wall_ms = wall_ms;
  p.tokens = tokens;
  if (std::isfinite(value)) {
    p.n = 1;
    p.sum = p.min = p.max = p.last = value;
  } else {
    p.nonfinite = 1;
  }
  return p;
}

void merge(SeriesPoint& point, const SeriesPoint& next) {
  if (empty(next)) return;
  if (empty(point)) {
    point = next;
    return;
  }
  point.last_step = next.last_step;
  point.wall_ms = next.wall_ms;
  point.tokens = next.tokens;
  point.nonfinite += next.nonfinite;
  if (next.n == 0) return;
  if (point.n == 0) {
    point.n = next.n;
    point.sum = next.sum;
    point.min = next.min;
    point.max = next.max;
    point.last = next.last;
    return;
  }
  point.n += next.n;
  point.sum += next.sum;
  point.min = std::min(point.min, next.min);
  point.max = std::max(point.max, next.max);
  point.last = next.last;
}

}  // namespace longhaul::telemetry
