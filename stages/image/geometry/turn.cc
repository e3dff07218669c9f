#include "stages/image/geometry/turn.h"

#include <cmath>

namespace penstock::image::geometry {
namespace {

constexpr double kRadians = 0.017453292519943295769236907684886;  // in a degree

// The Taylor series of sin (first = 1) or cos (first = 0); |x| <= pi / 4, so the term left out is below 2^-62.
double series(double x, int first) {
  double sum = 1;
  for (int n = first + 18; n > first; n -= 2) sum = 1 - sum * x * x / (n * (n - 1));
  return first == 1 ? sum * x : sum;
}

}  // namespace

SineCosine sine_cosine(double degrees) {
  const double quarters = std::nearbyint(degrees / 90);
  const double rest = (degrees - 90 * quarters) * kRadians;
  const double sine = series(rest, 1), cosine = series(rest, 0);
  switch (static_cast<long long>(quarters) & 3) {
    case 0: return {sine, cosine};
    case 1: return {cosine, -sine};
    case 2: return {-sine, -cosine};
    default: return {-cosine, sine};
  }
}

}  // namespace penstock::image::geometry
