#include "telemetry/history/canonical.h"

#include <algorithm>

#include "telemetry/history/values.h"

namespace longhaul::telemetry {

Result<std::vector<Segment>> load_segments(sqlite::Database& db) {
  LH_ASSIGN(auto query, db.prepare("SELECT id, branch, parent_id, first_step, end_step, cut_step, reason "
                                   "FROM segment ORDER BY id"));
  std::vector<Segment> segments;
  for (;;) {
    LH_ASSIGN(const bool more, query.step());
    if (!more) return segments;
    Segment s{.id = query.as_int(0),
              .branch = query.as_int(1),
              .first_step = query.as_int(3),
              .end_step = query.as_int(4),
              .reason = query.as_text(6)};
    if (!query.is_null(2)) s.parent = query.as_int(2);
    if (!query.is_null(5)) s.cut_step = query.as_int(5);
    segments.push_back(std::move(s));
  }
}

std::vector<Stretch> canonical_path(const std::vector<Segment>& segments) {
  std::vector<Stretch> path;
  if (segments.empty()) return path;
  int64_t upto = std::numeric_limits<int64_t>::max();
  std::optional<int64_t> id = segments.back().id;
  while (id) {
    const auto found =
        std::find_if(segments.begin(), segments.end(), [&](const Segment& s) { return s.id == *id; });
    if (found == segments.end()) break;
    const int64_t last = std::min({upto, found->end_step, found->cut_step.value_or(found->end_step)});
    path.push_back(Stretch{*found, {found->first_step, last}});
    upto = std::min(upto, found->first_step - 1);
    id = found->parent;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

Result<std::vector<Stretch>> load_canonical_path(sqlite::Database& db) {
  LH_ASSIGN(const auto segments, load_segments(db));
  return canonical_path(segments);
}

int64_t last_step_of(const std::vector<Stretch>& path) {
  int64_t last = 0;
  for (const Stretch& s : path) {
    if (s.steps.first <= s.steps.last) last = std::max(last, s.steps.last);
  }
  return last;
}

const Stretch* stretch_of(const std::vector<Stretch>& path, int64_t step) {
  for (const Stretch& s : path) {
    if (s.steps.first <= step && step <= s.steps.last) return &s;
  }
  return nullptr;
}

Result<std::optional<int64_t>> find_metric(sqlite::Database& db, std::string_view name) {
  LH_ASSIGN(auto query, db.prepare("SELECT id FROM metric WHERE name=?"));
  query.bind(1, name);
  LH_ASSIGN(const bool found, query.step());
  if (!found) return std::optional<int64_t>();
  return std::optional<int64_t>(query.as_int(0));
}

Result<std::vector<StepRange>> load_missing_steps(sqlite::Database& db) {
  LH_ASSIGN(const auto path, load_canonical_path(db));
  LH_ASSIGN(auto query,
            db.prepare("SELECT step FROM axis WHERE seg=? AND step BETWEEN ? AND ? ORDER BY step"));
  std::vector<StepRange> missing;
  int64_t expected = 1;
  for (const Stretch& stretch : path) {
    query.reset();
    query.bind(1, stretch.segment.id).bind(2, stretch.steps.first).bind(3, stretch.steps.last);
    for (;;) {
      LH_ASSIGN(const bool more, query.step());
      if (!more) break;
      const int64_t step = query.as_int(0);
      if (step > expected) missing.push_back({expected, step - 1});
      expected = step + 1;
    }
  }
  const int64_t last = last_step_of(path);
  if (expected <= last) missing.push_back({expected, last});
  return missing;
}

Result<std::optional<StepRecord>> load_step(sqlite::Database& db, int64_t step) {
  LH_ASSIGN(const auto path, load_canonical_path(db));
  const Stretch* stretch = stretch_of(path, step);
  if (stretch == nullptr) return std::optional<StepRecord>();
  LH_ASSIGN(auto axis, db.prepare("SELECT wall_ms, tokens FROM axis WHERE seg=? AND step=?"));
  axis.bind(1, stretch->segment.id).bind(2, step);
  LH_ASSIGN(const bool found, axis.step());
  if (!found) return std::optional<StepRecord>();
  StepRecord record{.step = step, .wall_ms = axis.as_int(0), .tokens = axis.as_int(1)};
  LH_ASSIGN(auto query, db.prepare("SELECT m.name, s.v, s.nf FROM metric m CROSS JOIN sample s "
                                   "ON s.seg=?1 AND s.metric=m.id AND s.step=?2 ORDER BY m.id"));
  query.bind(1, stretch->segment.id).bind(2, step);
  for (;;) {
    LH_ASSIGN(const bool more, query.step());
    if (!more) return std::optional<StepRecord>(std::move(record));
    record.values.emplace_back(query.as_text(0), read_value(query, 1, 2));
  }
}

}  // namespace longhaul::telemetry
