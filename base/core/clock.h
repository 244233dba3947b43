// The clock port: the root of each program owns the one that asks the system, all else is given it.
#pragma once

#include <cstdint>

namespace longhaul {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t wall_ms() const = 0;    // since 1970, may jump
  virtual int64_t steady_ms() const = 0;  // monotonic, same origin for all processes of one boot
};

}  // namespace longhaul
