// The kernels for CPUs with AVX-512 with BF16. All headers but the kernels' own come before the target is
// set: nothing of theirs may be compiled for it, or the linker could pick that copy for everybody.
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "trainer/kernels/determined_math.h"
#include "trainer/kernels/tables.h"
#include "trainer/shape/parameter_layout.h"

#define LH_ISA avx512
#define LH_ISA_AVX512 1
#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")
#endif
#include "trainer/kernels/table.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace longhaul::trainer {

const Kernels kAvx512Kernels = avx512::table("avx512_bf16");

}  // namespace longhaul::trainer
