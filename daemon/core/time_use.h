// What the run's time went into, up to any moment: decisions book it, views look at it in between. Pure.
#pragma once

#include <cstdint>

#include "daemon/core/run_state.h"

namespace longhaul::daemon {

// The time use as booked, with the time since then under the present status.
TimeUse time_use_at(const RunState& state, int64_t now_ms);

}  // namespace longhaul::daemon
