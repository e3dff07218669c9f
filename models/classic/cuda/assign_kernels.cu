// Nearest centres and sums by label.
#include <cfloat>
#include <climits>

#include "models/classic/cuda/device_memory.h"
#include "models/classic/cuda/kernels_cuda.h"
#include "models/classic/cuda/warp.cuh"

namespace penstock::classic::gpu {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kWarps = kThreads / kWarp;
constexpr unsigned kColumns = 128;

// A warp a row: scores are read once, in order; the lanes' least are compared last, and then the distance is measured.
__global__ void nearest_centre_kernel(const float* scores, const float* norms2, size_t n, size_t k, const float* rows,
                                      const float* centres, size_t width, int32_t* labels, float* distances2) {
  const size_t i = size_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  const unsigned lane = threadIdx.x % kWarp;
  if (i >= n) return;
  float best = INFINITY;
  int label = INT_MAX;
  for (size_t c = lane; c < k; c += kWarp) {
    const float score = scores[i * k + c] + norms2[c];
    if (score < best) {
      best = score;
      label = static_cast<int>(c);
    }
  }
  for (unsigned step = kWarp / 2; step > 0; step /= 2) {
    const float other = __shfl_xor_sync(kAllLanes, best, step);
    const int other_label = __shfl_xor_sync(kAllLanes, label, step);
    if (other < best || (other == best && other_label < label)) {
      best = other;
      label = other_label;
    }
  }
  if (label == INT_MAX) label = 0;  // where no score is a number, the first centre
  const float d2 = warp_distance2(rows + i * width, centres + static_cast<size_t>(label) * width, width, lane);
  if (lane == 0) {
    labels[i] = label;
    distances2[i] = d2;
  }
}

// A thread a column of a label: its rows one after the other, from where the sum stands.
__global__ void add_by_label_kernel(const float* rows, size_t width, const uint32_t* sorted, const uint32_t* begins,
                                    double* sums, unsigned long long* counts) {
  const size_t label = blockIdx.x, d = size_t{blockIdx.y} * kColumns + threadIdx.x;
  const uint32_t begin = begins[label], end = begins[label + 1];
  if (d == 0) counts[label] += end - begin;
  if (d >= width || begin == end) return;
  double sum = sums[label * width + d];
  for (uint32_t r = begin; r < end; ++r) sum += static_cast<double>(rows[size_t{sorted[r]} * width + d]);
  sums[label * width + d] = sum;
}

// The first place at which a label at least as large stands.
__global__ void find_begins_kernel(const int32_t* sorted_labels, uint32_t n, size_t k, uint32_t* begins) {
  const size_t label = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (label > k) return;
  uint32_t low = 0, high = n;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (static_cast<size_t>(sorted_labels[middle]) < label)
      low = middle + 1;
    else
      high = middle;
  }
  begins[label] = low;
}

__global__ void count_up_kernel(uint32_t* out, uint32_t n) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = i;
}

}  // namespace

void nearest_centre(const float* scores, const float* norms2, size_t n, size_t k, const float* rows,
                    const float* centres, size_t width, int32_t* labels, float* distances2) {
  if (n == 0) return;
  nearest_centre_kernel<<<blocks_for(n, kWarps), kThreads>>>(scores, norms2, n, k, rows, centres, width, labels,
                                                             distances2);
  launch_check("find nearest centres on the GPU");
}

void add_by_label(const float* rows, size_t width, const uint32_t* sorted, const uint32_t* begins, size_t k,
                  double* sums, unsigned long long* counts) {
  const dim3 grid(static_cast<unsigned>(k), blocks_for(width, kColumns));
  add_by_label_kernel<<<grid, kColumns>>>(rows, width, sorted, begins, sums, counts);
  launch_check("sum rows by label on the GPU");
}

void find_begins(const int32_t* sorted_labels, size_t n, size_t k, uint32_t* begins) {
  find_begins_kernel<<<blocks_for(k + 1, kThreads), kThreads>>>(sorted_labels, static_cast<uint32_t>(n), k, begins);
  launch_check("sum rows by label on the GPU");
}

void count_up(uint32_t* out, size_t n) {
  if (n == 0) return;
  count_up_kernel<<<blocks_for(n, kThreads), kThreads>>>(out, static_cast<uint32_t>(n));
  launch_check("number rows on the GPU");
}

}  // namespace penstock::classic::gpu
