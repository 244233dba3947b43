// The steps that count: the current segment and, before its first step, its parents up to their cuts.
// Thread-safety: that of the connection.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/sqlite/database.h"
#include "telemetry/history/types.h"

namespace longhaul::telemetry {

// The steps of `segment` that are read.
struct Stretch {
  Segment segment;
  StepRange steps;
};

Result<std::vector<Segment>> load_segments(sqlite::Database& db);  // by id

// Oldest first, each at most up to its newest recorded step; empty without segments.
std::vector<Stretch> canonical_path(const std::vector<Segment>& segments);
Result<std::vector<Stretch>> load_canonical_path(sqlite::Database& db);

// Newest recorded step of the path, 0 when there is none.
int64_t last_step_of(const std::vector<Stretch>& path);
// The stretch that `step` lies in, or null.
const Stretch* stretch_of(const std::vector<Stretch>& path, int64_t step);

// The id of a metric; nullopt when it was never recorded.
Result<std::optional<int64_t>> find_metric(sqlite::Database& db, std::string_view name);

Result<std::vector<StepRange>> load_missing_steps(sqlite::Database& db);
Result<std::optional<StepRecord>> load_step(sqlite::Database& db, int64_t step);

}  // namespace longhaul::telemetry
