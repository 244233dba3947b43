// exp of sixteen lanes: x = n ln 2 + r, exp(r) by a polynomial, the exponent by integer addition. Relative
// error below 2 ulp; outside [-87, 88] the argument is clamped; NaN stays NaN.
#pragma once

#include "trainer/kernels/vector.h"

namespace longhaul::trainer::LH_ISA {

LH_INLINE F32 exponential(F32 x) {
  x = x < -87.0f ? broadcast(-87.0f) : x;
  x = x > 88.0f ? broadcast(88.0f) : x;
  const F32 to_integer = broadcast(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const F32 n = fma(x, broadcast(1.44269504088896341f), to_integer) - to_integer;
  F32 r = fma(n, broadcast(-0.693145751953125f), x);  // ln 2 in two parts, the first with 17 bits
  r = fma(n, broadcast(-1.42860682030941723212e-6f), r);
  // Coefficients of Cephes' expf: exp(r) = 1 + r + r² p(r) on |r| <= ln(2)/2.
  F32 p = broadcast(1.9875691500e-4f);
  p = fma(p, r, broadcast(1.3981999507e-3f));
  p = fma(p, r, broadcast(8.3334519073e-3f));
  p = fma(p, r, broadcast(4.1665795894e-2f));
  p = fma(p, r, broadcast(1.6666665459e-1f));
  p = fma(p, r, broadcast(5.0000001201e-1f));
  p = fma(p, r * r, r) + 1.0f;
  const U32 exponent = reinterpret_cast<U32>(__builtin_convertvector(n, I32)) + 127u;
  return p * reinterpret_cast<F32>(exponent << 23);
}

}  // namespace longhaul::trainer::LH_ISA
