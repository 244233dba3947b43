// The operating system's clock. Thread-safe.
#pragma once

#include "base/core/clock.h"

namespace longhaul {

class SystemClock final : public Clock {
 public:
  int64_t wall_ms() const override;
  int64_t steady_ms() const override;  // CLOCK_MONOTONIC
};

}  // namespace longhaul
