#include "tests/benchmarks/trainer/peak.h"

#include <algorithm>
#include <chrono>

namespace longhaul::trainer {

namespace {

// 24 instructions, each on an accumulator of its own; 16 lanes × 2 pairs × 2 FLOPs each.
// clang-format off
#define LH_DOT(register) "vdpbf16ps %%zmm31, %%zmm30, %%zmm" #register "\n"
#define LH_DOTS                                                                                          \
  LH_DOT(0)                                                                                              \
  LH_DOT(1)                                                                                              \
  LH_DOT(2)                                                                                              \
  LH_DOT(3) LH_DOT(4) LH_DOT(5) LH_DOT(6) LH_DOT(7) LH_DOT(8) LH_DOT(9) LH_DOT(10) LH_DOT(11) LH_DOT(12) \
      LH_DOT(13) LH_DOT(14) LH_DOT(15) LH_DOT(16) LH_DOT(17) LH_DOT(18) LH_DOT(19) LH_DOT(20) LH_DOT(21) \
          LH_DOT(22) LH_DOT(23)

// clang-format on

__attribute__((target("avx512f"), noinline)) void run_chains(long rounds) {
  asm volatile(
      "vpxord %%zmm30, %%zmm30, %%zmm30\n"
      "vpxord %%zmm31, %%zmm31, %%zmm31\n"
      "1:\n" LH_DOTS
      "dec %0\n"
      "jnz 1b\n"
      : "+r"(rounds)
      :
      : "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10", "zmm11",
        "zmm12", "zmm13", "zmm14", "zmm15", "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22",
        "zmm23", "zmm30", "zmm31", "cc");
}

}  // namespace

double peak_bf16_flops_per_second() {
  if (!__builtin_cpu_supports("avx512bf16")) return 0;
  constexpr long kRounds = 4'000'000;
  double best = 1e30;
  for (int i = 0; i < 7; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run_chains(kRounds);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 24.0 * 64.0 * static_cast<double>(kRounds) / best;
}

}  // namespace longhaul::trainer
