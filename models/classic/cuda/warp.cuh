// Sums over the 32 lanes of a warp, in an order that is always the same.
#pragma once

#include <cstddef>

namespace penstock::classic::gpu {

constexpr unsigned kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

template <class T>
__device__ inline T warp_sum(T value) {
  for (unsigned step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

/// |a - b|^2, on every lane.
__device__ inline float warp_distance2(const float* a, const float* b, size_t width, unsigned lane) {
  float sum = 0;
  for (size_t d = lane; d < width; d += kWarp) {
    const float x = a[d] - b[d];
    sum = __fmaf_rn(x, x, sum);
  }
  return warp_sum(sum);
}

__device__ inline float warp_dot(const float* a, const float* b, size_t width, unsigned lane) {
  float sum = 0;
  for (size_t d = lane; d < width; d += kWarp) sum = __fmaf_rn(a[d], b[d], sum);
  return warp_sum(sum);
}

inline unsigned blocks_for(size_t items, size_t per_block) {
  return static_cast<unsigned>((items + per_block - 1) / per_block);
}

}  // namespace penstock::classic::gpu
