// Taking rows in; distances to few points; moments.
#include "models/classic/cuda/device_memory.h"
#include "models/classic/cuda/kernels_cuda.h"
#include "models/classic/cuda/warp.cuh"

namespace penstock::classic::gpu {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kWarps = kThreads / kWarp;

// A warp a row.
__global__ void take_in_kernel(float* rows, size_t n, size_t width, const float* shift, bool unit, float* norms2) {
  const size_t i = size_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  const unsigned lane = threadIdx.x % kWarp;
  if (i >= n) return;
  float* row = rows + i * width;
  float sum = 0;
  for (size_t d = lane; d < width; d += kWarp) {
    const float x = shift == nullptr ? row[d] : row[d] - shift[d];
    row[d] = x;
    sum = __fmaf_rn(x, x, sum);
  }
  float norm2 = warp_sum(sum);
  if (unit) {
    const float scale = norm2 > 0 ? 1 / sqrtf(norm2) : 1.0f;
    for (size_t d = lane; d < width; d += kWarp) row[d] *= scale;
    norm2 = norm2 > 0 ? 1.0f : 0.0f;
  }
  if (norms2 != nullptr && lane == 0) norms2[i] = norm2;
}

// A warp a row; the row is read from the cache for all points but the first.
__global__ void distances_kernel(const float* rows, size_t n, size_t width, const float* points, size_t count,
                                 float* out) {
  const size_t i = size_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  const unsigned lane = threadIdx.x % kWarp;
  if (i >= n) return;
  for (size_t p = 0; p < count; ++p) {
    const float d2 = warp_distance2(rows + i * width, points + p * width, width, lane);
    if (lane == 0) out[p * n + i] = d2;
  }
}

// A thread a column, `column_blocks` blocks a group. All blocks lie along x: y and z hold no more than 65,535.
__global__ void moment_parts_kernel(const float* rows, size_t n, size_t width, size_t group_rows,
                                    unsigned column_blocks, double* parts) {
  const size_t d = size_t{blockIdx.x % column_blocks} * blockDim.x + threadIdx.x, group = blockIdx.x / column_blocks;
  if (d >= width) return;
  const size_t begin = group * group_rows, end = begin + group_rows < n ? begin + group_rows : n;
  double sum = 0, sum2 = 0;
  for (size_t i = begin; i < end; ++i) {
    const double x = rows[i * width + d];
    sum += x;
    sum2 += x * x;
  }
  parts[(group * 2) * width + d] = sum;
  parts[(group * 2 + 1) * width + d] = sum2;
}

__global__ void moment_sum_kernel(const double* parts, size_t groups, size_t width, double* sum, double* sum2) {
  const size_t d = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (d >= width) return;
  double a = sum[d], b = sum2[d];
  for (size_t g = 0; g < groups; ++g) {
    a += parts[(g * 2) * width + d];
    b += parts[(g * 2 + 1) * width + d];
  }
  sum[d] = a;
  sum2[d] = b;
}

__global__ void to_f64_kernel(const float* from, size_t count, double* into) {
  const size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) into[i] = from[i];
}

__global__ void add_f64_kernel(const float* from, size_t count, double* into) {
  const size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) into[i] += static_cast<double>(from[i]);
}

}  // namespace

void take_in(float* rows, size_t n, size_t width, const float* shift, bool unit, float* norms2) {
  if (n == 0) return;
  take_in_kernel<<<blocks_for(n, kWarps), kThreads>>>(rows, n, width, shift, unit, norms2);
  launch_check("take rows in on the GPU");
}

void distances_to_points(const float* rows, size_t n, size_t width, const float* points, size_t count, float* out) {
  if (n == 0) return;
  distances_kernel<<<blocks_for(n, kWarps), kThreads>>>(rows, n, width, points, count, out);
  launch_check("measure distances on the GPU");
}

void add_moments(const float* rows, size_t n, size_t width, size_t group_rows, double* parts, double* sum,
                 double* sum2) {
  if (n == 0) return;
  const unsigned groups = blocks_for(n, group_rows), column_blocks = blocks_for(width, kThreads);
  moment_parts_kernel<<<groups * column_blocks, kThreads>>>(rows, n, width, group_rows, column_blocks, parts);
  moment_sum_kernel<<<column_blocks, kThreads>>>(parts, groups, width, sum, sum2);
  launch_check("sum rows on the GPU");
}

void to_f64(const float* from, size_t count, double* into) {
  if (count == 0) return;
  to_f64_kernel<<<blocks_for(count, kThreads), kThreads>>>(from, count, into);
  launch_check("convert rows on the GPU");
}

void add_f64(const float* from, size_t count, double* into) {
  if (count == 0) return;
  add_f64_kernel<<<blocks_for(count, kThreads), kThreads>>>(from, count, into);
  launch_check("add up on the GPU");
}

}  // namespace penstock::classic::gpu
