// Mathematical functions whose bits do not depend on the C library or on the CPU (glibc picks variants by
// CPU). Plain double arithmetic, correctly rounded operations only. Good to about 2e-15: enough for
// schedules, initial values and losses.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>

namespace longhaul::trainer {

double determined_log(double x);                         // x > 0, finite, normal
double determined_cos(double x);                         // |x| <= 4
double determined_power(double base, int64_t exponent);  // exponent >= 0, by repeated squaring
double determined_normal(double uniform);  // inverse of the normal distribution; 0 < uniform < 1

// 1 / (1 - beta^step), step >= 1: AdamW's bias correction.
float adamw_correction(double beta, int64_t step);

// ALiBi's slope of head `head` of `heads`, also for a count that is not a power of two (Press et al. 2022;
// BLOOM's build_alibi_tensor).
float alibi_slope(int64_t head, int64_t heads);

}  // namespace longhaul::trainer
