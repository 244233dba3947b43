// The kernels for any x86-64 CPU.
#define LH_ISA portable
#define LH_ISA_PORTABLE 1
#include "trainer/kernels/table.h"
#include "trainer/kernels/tables.h"

namespace longhaul::trainer {

const Kernels kPortableKernels = portable::table("portable");

}  // namespace longhaul::trainer
