// The tables there are. Each may be called only on a CPU that can run it: dispatch.cc knows.
#pragma once

#include "trainer/kernels/kernels.h"

namespace longhaul::trainer {

extern const Kernels kPortableKernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;

}  // namespace longhaul::trainer
