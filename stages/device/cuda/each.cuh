// The kernel of every job of each.h. Include it in the .cu where jobs are instantiated for a program with CUDA.
#pragma once

#include <cuda_runtime.h>

#include "stages/device/each.h"

namespace penstock::device {

/// A thread an index, and again as far on as there are threads.
template <class Job>
__global__ void __launch_bounds__(256) each_kernel(const __grid_constant__ Job job, int64_t count) {
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) job(i);
}

template <class Job>
void launch_on_gpu(void* native_stream, int64_t count, const Job& job) {
  constexpr int64_t kThreads = 256, kMostBlocks = 1 << 16;  // 2^24 threads keep any GPU full
  const int64_t blocks = (count + kThreads - 1) / kThreads;
  each_kernel<<<static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks), kThreads, 0,
                static_cast<cudaStream_t>(native_stream)>>>(job, count);
}

}  // namespace penstock::device
