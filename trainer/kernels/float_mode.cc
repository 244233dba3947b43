#include "trainer/kernels/float_mode.h"

#include <immintrin.h>

namespace longhaul::trainer {

namespace {
constexpr uint32_t kFlushToZero = 0x8000;
constexpr uint32_t kDenormalsAreZero = 0x0040;
}  // namespace

FlushSubnormals::FlushSubnormals() : before_(_mm_getcsr()) {
  _mm_setcsr(before_ | kFlushToZero | kDenormalsAreZero);
}
FlushSubnormals::~FlushSubnormals() { _mm_setcsr(before_); }

}  // namespace longhaul::trainer
