// Do two tables of kernels give the same bits? Every kernel, on random data and on sizes that fill no vector.
#pragma once

#include "trainer/kernels/kernels.h"

namespace longhaul::trainer {

// Fails the running test where they differ.
void expect_same_bits(const Kernels& ours, const Kernels& expected);

}  // namespace longhaul::trainer
