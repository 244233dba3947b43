#include "trainer/kernels/determined_math.h"

#include <bit>
#include <cmath>

#include "base/core/check.h"

namespace longhaul::trainer {

namespace {

// Polynomial with ascending coefficients, by Horner's rule.
template <int N>
double polynomial(const double (&coefficients)[N], double x) {
  double sum = coefficients[N - 1];
  for (int i = N - 2; i >= 0; --i) sum = sum * x + coefficients[i];
  return sum;
}

// sin for |x| <= 2 by its series.
double determined_sin(double x) {
  const double square = x * x;
  double term = x, sum = x;
  for (int i = 1; i <= 14; ++i) {
    term *= -square / static_cast<double>(2 * i * (2 * i + 1));
    sum += term;
  }
  return sum;
}

}  // namespace

double determined_log(double x) {
  if (!(x > 0) || std::isinf(x)) return x > 0 ? x : std::nan("");
  // x = m * 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(f), f = (m - 1) / (m + 1), |f| < 0.172.
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull);
  if (m >= 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  const double f = (m - 1.0) / (m + 1.0);
  const double square = f * f;
  double sum = 0.0;
  for (int odd = 23; odd >= 1; odd -= 2) sum = sum * square + 1.0 / odd;
  return static_cast<double>(exponent) * 0.6931471805599453 + 2.0 * f * sum;
}

double determined_cos(double x) {
  const double half = determined_sin(x * 0.5);
  return 1.0 - 2.0 * half * half;
}

double determined_power(double base, int64_t exponent) {
  double result = 1.0;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result *= base;
    base *= base;
  }
  return result;
}

// M. J. Wichura 1988, "Algorithm AS 241: The Percentage Points of the Normal Distribution", PPND16.
double determined_normal(double uniform) {
  static constexpr double kA[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                  1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                  3.3430575583588128105e4, 2.5090809287301226727e3};
  static constexpr double kB[] = {1.0,
                                  4.2313330701600911252e1,
                                  6.8718700749205790830e2,
                                  5.3941960214247511077e3,
                                  2.1213794301586595867e4,
                                  3.9307895800092710610e4,
                                  2.8729085735721942674e4,
                                  5.2264952788528545610e3};
  static constexpr double kC[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                  5.76949722146069140550e0,  3.64784832476320460504e0,
                                  1.27045825245236838258e0,  2.41780725177450611770e-1,
                                  2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double kD[] = {1.0,
                                  2.05319162663775882187e0,
                                  1.67638483018380384940e0,
                                  6.89767334985100004550e-1,
                                  1.48103976427480074590e-1,
                                  1.51986665636164571966e-2,
                                  5.47593808499534494600e-4,
                                  1.05075007164441684324e-9};
  static constexpr double kE[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                  1.78482653991729133580e0,  2.96560571828504891230e-1,
                                  2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                  2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double kF[] = {1.0,
                                  5.99832206555887937690e-1,
                                  1.36929880922735805310e-1,
                                  1.48753612908506148525e-2,
                                  7.86869131145613259100e-4,
                                  1.84631831751005468180e-5,
                                  1.42151175831644588870e-7,
                                  2.04426310338993978564e-15};
  const double q = uniform - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kA, r) / polynomial(kB, r);
  }
  const double tail = std::sqrt(-determined_log(q < 0 ? uniform : 1.0 - uniform));
  const double value = tail <= 5.0 ? polynomial(kC, tail - 1.6) / polynomial(kD, tail - 1.6)
                                   : polynomial(kE, tail - 5.0) / polynomial(kF, tail - 5.0);
  return q < 0 ? -value : value;
}

float adamw_correction(double beta, int64_t step) {
  CHECK(step >= 1);
  return static_cast<float>(1.0 / (1.0 - determined_power(beta, step)));
}

float alibi_slope(int64_t head, int64_t heads) {
  CHECK(0 <= head && head < heads);
  // The first 2^k heads take base, base², … with base = 2^(-8 / 2^k); what is left over takes every second
  // of the sequence for 2^(k+1): base', base'^3, …
  const int k = std::bit_width(static_cast<uint64_t>(heads)) - 1;
  const int64_t power_of_two = int64_t{1} << k;
  double base = 1.0 / 256.0;
  for (int i = 0; i < (head < power_of_two ? k : k + 1); ++i) base = std::sqrt(base);
  const int64_t exponent = head < power_of_two ? head + 1 : 2 * (head - power_of_two) + 1;
  return static_cast<float>(determined_power(base, exponent));
}

}  // namespace longhaul::trainer
