// How many bf16 FLOP/s one thread of this CPU reaches in registers alone.
#pragma once

namespace longhaul::trainer {

// 24 independent chains of vdpbf16ps, in assembly so that no compiler has a say. 0 without AVX512_BF16.
double peak_bf16_flops_per_second();

}  // namespace longhaul::trainer
