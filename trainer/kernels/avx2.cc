// The kernels for CPUs with AVX2 and FMA. All headers but the kernels' own come before the target is set:
// nothing of theirs may be compiled for it, or the linker could pick that copy for everybody.
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "trainer/kernels/determined_math.h"
#include "trainer/kernels/tables.h"
#include "trainer/shape/parameter_layout.h"

#define LH_ISA avx2
#define LH_ISA_AVX2 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#include "trainer/kernels/table.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace longhaul::trainer {

const Kernels kAvx2Kernels = avx2::table("avx2");

}  // namespace longhaul::trainer
