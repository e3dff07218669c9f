// Sums whose order is the same on every CPU: sixteen of them side by side, each in ascending order and without fused multiply-adds, then
// halved. For results that are part of a batch's bytes; the kernels of kernels.h are faster and follow the width of the vectors.
#pragma once

#include <cstddef>

namespace penstock::classic {

/// |a - b|^2 and a * b, f32.
float fixed_distance2(const float* a, const float* b, size_t width);
float fixed_dot(const float* a, const float* b, size_t width);

}  // namespace penstock::classic
