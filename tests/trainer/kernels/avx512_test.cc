#include <bit>
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "tests/trainer/kernels/kernel_data.h"
#include "tests/trainer/kernels/same_bits.h"
#include "trainer/kernels/float_mode.h"
#include "trainer/kernels/tables.h"

namespace longhaul::trainer {
namespace {

bool usable() { return usable_kernels().front() == &kAvx512Kernels; }

TEST(Avx512Kernels, GiveTheBitsOfThePortableKernels) {
  if (!usable()) GTEST_SKIP() << "this CPU has no AVX512_BF16";
  expect_same_bits(kAvx512Kernels, kPortableKernels);
}

TEST(Avx512Kernels, TheDotProductInstructionIsTwoFusedMultiplyAddsOddPairFirst) {
  if (!usable()) GTEST_SKIP() << "this CPU has no AVX512_BF16";
  const FlushSubnormals flush;
  KernelData data(5);
  Workspace workspace(kAvx512Kernels.gemm_workspace_bytes(1, 16, 2));
  int64_t differing = 0;
  for (int round = 0; round < 40'000; ++round) {
    // Any bit patterns: subnormals, infinities, NaN, huge and tiny exponents.
    std::vector<Bf16> a(2), b(32);
    std::vector<float> c(16), expected(16);
    for (Bf16& value : a) value.bits = static_cast<uint16_t>(data.bits());
    for (Bf16& value : b) value.bits = static_cast<uint16_t>(data.bits());
    for (float& value : c) value = std::bit_cast<float>(data.bits());
    for (int i = 0; i < 16; ++i) {
      expected[i] =
          std::fma(to_float(a[0]), to_float(b[i]), std::fma(to_float(a[1]), to_float(b[16 + i]), c[i]));
    }
    kAvx512Kernels.gemm({.m = 1,
                         .n = 16,
                         .k = 2,
                         .a = a.data(),
                         .a_stride = 2,
                         .b = b.data(),
                         .b_stride = 16,
                         .out_f32 = c.data(),
                         .accumulate = true,
                         .out_stride = 16},
                        workspace.get());
    for (int i = 0; i < 16; ++i) {
      const bool both_nan = std::isnan(c[i]) && std::isnan(expected[i]);
      differing += !both_nan && std::bit_cast<uint32_t>(c[i]) != std::bit_cast<uint32_t>(expected[i]);
    }
  }
  EXPECT_EQ(differing, 0);
}

}  // namespace
}  // namespace longhaul::trainer
