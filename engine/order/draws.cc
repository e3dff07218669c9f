#include "engine/order/draws.h"

#include <bit>
#include <cmath>
#include <span>

#include "engine/base/error.h"

namespace penstock {
namespace {

/// ln(x) for 0 < x < 1 out of exactly rounded operations alone: x = m 2^e with m in [sqrt(1/2), sqrt(2)), and
/// ln m = 2 artanh((m - 1) / (m + 1)), whose series has converged after s^25 for |s| < 0.172.
double log_exact(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  const double s = (m - 1.0) / (m + 1.0);
  const double s2 = s * s;
  double sum = 0.0;
  for (int k = 25; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return exponent * 0.6931471805599453 + 2.0 * s * sum;
}

double polynomial(std::span<const double, 8> c, double r) {
  double sum = c[7];
  for (int i = 6; i >= 0; --i) sum = sum * r + c[static_cast<size_t>(i)];
  return sum;
}

// Wichura's coefficients: numerator and denominator for the middle, the tails, the far tails.
constexpr double kA[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                          1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                          3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr double kB[8] = {1.0,
                          4.2313330701600911252e+1,
                          6.8718700749205790830e+2,
                          5.3941960214247511077e+3,
                          2.1213794301586595867e+4,
                          3.9307895800092710610e+4,
                          2.8729085735721942674e+4,
                          5.2264952788528545610e+3};
constexpr double kC[8] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                          3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                          2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double kD[8] = {1.0,
                          2.05319162663775882187e0,
                          1.67638483018380384940e0,
                          6.89767334985100004550e-1,
                          1.48103976427480074590e-1,
                          1.51986665636164571966e-2,
                          5.47593808499534494600e-4,
                          1.05075007164441684324e-9};
constexpr double kE[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                          2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                          2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double kF[8] = {1.0,
                          5.99832206555887937690e-1,
                          1.36929880922735805310e-1,
                          1.48753612908506148525e-2,
                          7.86869131145613259100e-4,
                          1.84631831751005468180e-5,
                          1.42151175831644588870e-7,
                          2.04426310338993978564e-15};

}  // namespace

void Draws::refill() {
  if (!keyed_) {
    key_ = philox_key(derive_key(seed_, epoch_, attempt_, Purpose::kDraws));
    keyed_ = true;
  }
  words_ = philox4x32({block_++, stage_key_, low_word(record_), high_word(record_)}, key_);
  left_ = 4;
}

uint64_t Draws::below(uint64_t n) {
  PENSTOCK_CHECK(n > 0);
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{next_u64()} * n;
  if (static_cast<uint64_t>(product) < n) {
    const uint64_t reject_below = (0 - n) % n;
    while (static_cast<uint64_t>(product) < reject_below) product = Wide{next_u64()} * n;
  }
  return static_cast<uint64_t>(product >> 64);
}

double Draws::normal() {
  const double u = (static_cast<double>(next_u64() >> 12) + 0.5) * 0x1p-52;  // open at both ends
  const double q = u - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kA, r) / polynomial(kB, r);
  }
  const double r = std::sqrt(-log_exact(q < 0 ? u : 1.0 - u));
  const double z =
      r <= 5.0 ? polynomial(kC, r - 1.6) / polynomial(kD, r - 1.6) : polynomial(kE, r - 5.0) / polynomial(kF, r - 5.0);
  return q < 0 ? -z : z;
}

}  // namespace penstock
