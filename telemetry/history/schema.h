// The tables of history.db (docs/history-format.md has their meaning). Thread-safe (no state).
#pragma once

#include "base/core/result.h"
#include "base/sqlite/database.h"

namespace longhaul::telemetry {

inline constexpr int64_t kHistoryVersion = 2;

// Makes the tables when they are absent and those that an older version did not have; kConflict when a newer
// version wrote the file.
Result<> create_or_check_schema(sqlite::Database& db);

}  // namespace longhaul::telemetry
