#include "trainer/kernels/tables.h"

namespace longhaul::trainer {

std::vector<const Kernels*> usable_kernels() {
  std::vector<const Kernels*> usable;
  // The builtins ask cpuid once, and whether the system saves the wide registers.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bf16")) {
    usable.push_back(&kAvx512Kernels);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) usable.push_back(&kAvx2Kernels);
  usable.push_back(&kPortableKernels);
  return usable;
}

const Kernels& fastest_kernels() { return *usable_kernels().front(); }

}  // namespace longhaul::trainer
