// Events in the database. Thread-safety: that of the connection.
#pragma once

#include <cstdint>
#include <vector>

#include "base/sqlite/database.h"
#include "telemetry/history/types.h"

namespace longhaul::telemetry {

Result<int64_t> insert_event(sqlite::Database& db, const HistoryEvent& event);  // its id
// Oldest first: ids above `after`. Newest first: ids below `after`, or from the newest when it is 0.
Result<std::vector<HistoryEvent>> load_events(sqlite::Database& db, int64_t after, int64_t limit,
                                              EventOrder order);

}  // namespace longhaul::telemetry
