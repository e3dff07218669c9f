#include "stages/image/log_scale.h"

#include <cmath>

namespace penstock::image {
namespace {

constexpr double kLn2 = 0.693147180559945309417232121458;

}  // namespace

double portable_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // [0.5, 1)
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --exponent;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)); |z| < 0.172, so 23 odd powers are far below one ulp.
  const double z = (mantissa - 1) / (mantissa + 1), square = z * z;
  double series = 0;
  for (int n = 23; n >= 1; n -= 2) series = series * square + 1.0 / n;
  return exponent * kLn2 + 2 * z * series;
}

double portable_exp(double x) {
  const double halvings = std::nearbyint(x / kLn2);
  const double rest = x - halvings * kLn2;  // |rest| < 0.35
  double series = 1;
  for (int n = 20; n >= 1; --n) series = 1 + series * rest / n;
  return std::ldexp(series, static_cast<int>(halvings));
}

}  // namespace penstock::image
