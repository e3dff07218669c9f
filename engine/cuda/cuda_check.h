// Errors of CUDA, said with what was tried; and the device that a thread's calls go to.
#pragma once

#include <cuda_runtime.h>

#include <string>

#include "engine/base/error.h"

namespace penstock {

/// "cudaMalloc of 3.2 GiB on cuda:1 failed: out of memory (cudaErrorMemoryAllocation)". Code kDevice.
Error cuda_error(const std::string& tried, cudaError_t status);

/// Throws cuda_error(tried) unless status is cudaSuccess; takes the error off the runtime, so that the next call does not see it.
void cuda_check(cudaError_t status, const std::string& tried);

/// Makes a device current on this thread and puts the one before back.
class CudaScope {
 public:
  explicit CudaScope(int index);
  ~CudaScope();
  CudaScope(const CudaScope&) = delete;
  CudaScope& operator=(const CudaScope&) = delete;

 private:
  int before_ = -1;
};

}  // namespace penstock
