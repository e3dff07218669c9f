// A machine with GPUs that is made up: the calls of CUDA's runtime and of NCCL that engine/cuda makes, over plain memory, so that its
// bookkeeping and its errors are tested where there is no GPU. A program that links this takes these calls in the place of the libraries'.
#pragma once

#include <cuda_runtime.h>
#include <nccl.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace penstock::test {

/// Work is done in the calling thread; each record of an event takes a millisecond of the GPU's time. What the calls demand of their callers is
/// checked: an event is recorded in a stream of its own device, memory is freed once, and so on (else cudaErrorInvalidResourceHandle or ...Value).
struct FakeCuda {
  std::vector<std::string> names = {"Fake A100", "Fake H100"};  ///< one a device
  uint64_t memory_bytes = 1 << 30;                              ///< of each device
  int driver = 13000, runtime = 13000;
  cudaError_t count_status = cudaSuccess;    ///< of cudaGetDeviceCount
  bool nvlink = false;                       ///< between all devices; else PCIe
  bool held = false;                         ///< events are not ready
  std::map<std::string, cudaError_t> fails;  ///< calls that fail from now on, by name
  ncclResult_t nccl_state = ncclSuccess;     ///< what ncclCommGetAsyncError says

  // What is alive.
  std::map<void*, std::pair<int, uint64_t>> device_memory;  ///< at: device, bytes
  int streams = 0, events = 0, pinned = 0, groups = 0;
  uint64_t used(int device) const {
    uint64_t sum = 0;
    for (const auto& [at, of] : device_memory) sum += of.first == device ? of.second : 0;
    return sum;
  }
  bool nothing_alive() const {
    return device_memory.empty() && streams == 0 && events == 0 && pinned == 0 && groups == 0;
  }

  int64_t now_ms = 0;
  std::mutex mutex;
};

/// The one of this process; reset() between tests.
FakeCuda& fake_cuda();
void reset_fake_cuda();
/// What a kernel launch that is refused leaves behind.
void leave_cuda_error(cudaError_t status);

}  // namespace penstock::test
