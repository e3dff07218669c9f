// A logarithm with the same bits on every machine: libm's last bit depends on the CPU, and batches must not.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace penstock::table {

/// ln(x) for finite x > 0, by additions, products and one division that IEEE 754 fixes; off by at most 2 ulp. x = m 2^k with m in [sqrt(1/2), sqrt(2)),
/// ln(x) = k ln 2 + 2 artanh(s), s = (m - 1) / (m + 1), |s| <= 0.1716: eleven terms of the series end below 2^-56.
inline double fixed_log(double x) {
  int64_t shift = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    shift = 54;
  }
  const auto bits = std::bit_cast<uint64_t>(x);
  // Mantissas from sqrt(2) up go down by a power of two: 0x3fe6a09e... is sqrt(1/2).
  const uint64_t moved = bits - 0x3fe6a09e667f3bcdu;
  const auto k = static_cast<int64_t>(moved) >> 52;
  const auto m = std::bit_cast<double>(bits - (static_cast<uint64_t>(k) << 52));
  const double f = m - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  double sum = 1.0 / 23;
  for (const double next :
       {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3})
    sum = sum * z + next;
  const auto powers = static_cast<double>(k - shift);
  // ln 2 in two parts, the first of which times |k| < 2^11 is exact.
  return powers * 0x1.62e42feep-1 + (2 * s + (2 * s * z * sum + powers * 0x1.a39ef35793c76p-33));
}

/// sign(x) ln(1 + |x|), for finite x. Near 0 the rounding of 1 + |x| is put right (Kahan's quotient).
inline double signed_log1p(double x) {
  const double a = std::fabs(x);
  const double u = 1 + a;
  const double value = u == 1 ? a : (a < 1 ? fixed_log(u) * (a / (u - 1)) : fixed_log(u));
  return x < 0 ? -value : value;
}

}  // namespace penstock::table
