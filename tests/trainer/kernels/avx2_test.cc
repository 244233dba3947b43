#include <gtest/gtest.h>

#include "tests/trainer/kernels/same_bits.h"
#include "trainer/kernels/tables.h"

namespace longhaul::trainer {
namespace {

TEST(Avx2Kernels, GiveTheBitsOfThePortableKernels) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    GTEST_SKIP() << "this CPU has no AVX2 and FMA";
  expect_same_bits(kAvx2Kernels, kPortableKernels);
}

}  // namespace
}  // namespace longhaul::trainer
