#include "models/classic/fixed_order.h"

#include <array>

namespace penstock::classic {
namespace {

constexpr size_t kSums = 16;

// Compiled with -ffp-contract=off: a compiler may do the sixteen at once, and may not change what comes of each.
template <class Term>
float sum_of(size_t width, const Term& term) {
  std::array<float, kSums> sums{};
  size_t d = 0;
  for (; d + kSums <= width; d += kSums) {
    for (size_t s = 0; s < kSums; ++s) sums[s] += term(d + s);
  }
  for (size_t s = 0; d < width; ++d, ++s) sums[s] += term(d);
  for (size_t half = kSums / 2; half > 0; half /= 2) {
    for (size_t s = 0; s < half; ++s) sums[s] += sums[s + half];
  }
  return sums[0];
}

}  // namespace

float fixed_distance2(const float* a, const float* b, size_t width) {
  return sum_of(width, [&](size_t d) { return (a[d] - b[d]) * (a[d] - b[d]); });
}

float fixed_dot(const float* a, const float* b, size_t width) {
  return sum_of(width, [&](size_t d) { return a[d] * b[d]; });
}

}  // namespace penstock::classic
