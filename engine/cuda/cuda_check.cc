#include "engine/cuda/cuda_check.h"

namespace penstock {

Error cuda_error(const std::string& tried, cudaError_t status) {
  return Error(Code::kDevice, tried + " failed: " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")");
}

void cuda_check(cudaError_t status, const std::string& tried) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw cuda_error(tried, status);
}

CudaScope::CudaScope(int index) {
  cuda_check(cudaGetDevice(&before_), "asking for the current device");
  if (before_ == index) {
    before_ = -1;
  } else {
    cuda_check(cudaSetDevice(index), "making cuda:" + std::to_string(index) + " current");
  }
}

CudaScope::~CudaScope() {
  if (before_ >= 0) cudaSetDevice(before_);
}

}  // namespace penstock
