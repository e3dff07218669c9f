// The normalising kernel.
#pragma once

#include <cuda_runtime.h>

#include "stages/device/normalise_group.h"

namespace penstock::device {

/// One instruction, into the caches. (Of a plain struct nvcc makes four stores for all planes but the first.)
struct StoreAtOnce {
  __device__ void operator()(void* to, const uint32_t (&words)[4]) const {
    __stwb(static_cast<uint4*>(to), make_uint4(words[0], words[1], words[2], words[3]));
  }
};

/// The table of all values lies in shared memory, made by each block: no division for a value, and the CPU's bits.
template <class Bits, int kChannels>
__global__ void __launch_bounds__(256) normalise_kernel(const __grid_constant__ NormaliseGroup<Bits, kChannels> group) {
  __shared__ Bits table[(kChannels > 0 ? kChannels : kMostChannels) * 256];
  for (int i = static_cast<int>(threadIdx.x); i < group.channels() * 256; i += static_cast<int>(blockDim.x))
    table[i] = normalised_bits<Bits>(group.job, i / 256, i % 256);
  __syncthreads();
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t g = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; g < group.groups(); g += step)
    group(g, table, StoreAtOnce{});
}

/// As many blocks as the GPU runs at once, and each many groups: the table is paid for once.
template <class Bits, int kChannels>
void launch_normalise(const NormaliseGroup<Bits, kChannels>& group, cudaStream_t stream) {
  constexpr int kThreads = 256, kBlocksPerProcessor = 8;
  int device = 0, processors = 1;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  const int64_t wanted = (group.groups() + kThreads - 1) / kThreads, room = int64_t{processors} * kBlocksPerProcessor;
  normalise_kernel<<<static_cast<unsigned>(wanted < room ? wanted : room), kThreads, 0, stream>>>(group);
}

}  // namespace penstock::device
