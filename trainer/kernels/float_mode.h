// Subnormal floats count as zero while a FlushSubnormals lives (MXCSR's FTZ and DAZ), as the bf16 dot
// product instruction does by itself; without it the portable path would give other bits.
// Thread-safety: changes the calling thread only, and puts its mode back.
#pragma once

#include <cstdint>

namespace longhaul::trainer {

class FlushSubnormals {
 public:
  FlushSubnormals();
  ~FlushSubnormals();
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

 private:
  uint32_t before_;
};

}  // namespace longhaul::trainer
