// Steps that came again with other bits, as history.db remembers them. Thread-safe (no state).
#pragma once

#include <optional>
#include <string_view>

#include "base/core/result.h"
#include "base/sqlite/database.h"
#include "telemetry/history/types.h"

namespace longhaul::telemetry {

// epoch: of the file, so that the id differs from those of another one.
Result<Mismatch> insert_mismatch(sqlite::Database& db, std::string_view epoch, int64_t step,
                                 const StepOutcome& outcome);
Result<std::optional<Mismatch>> load_newest_mismatch(sqlite::Database& db, std::string_view epoch);

}  // namespace longhaul::telemetry
