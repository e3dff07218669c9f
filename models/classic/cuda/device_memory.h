// CUDA and cuBLAS calls that throw, and memory of the device. For models/classic/cuda alone.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include "engine/base/error.h"

namespace penstock::classic {

/// Error kDevice, or kMemory where the device's memory ran out. `doing`: "search on the GPU".
inline void cuda_check(cudaError_t status, const char* doing) {
  if (status == cudaSuccess) return;
  const Code code = status == cudaErrorMemoryAllocation ? Code::kMemory : Code::kDevice;
  throw Error(code, std::string("cannot ") + doing + ": CUDA says " + cudaGetErrorString(status))
      .hint(code == Code::kMemory ? "a smaller --budget makes smaller blocks" : "penstock devices lists what there is");
}

inline void cublas_check(cublasStatus_t status, const char* doing) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(Code::kDevice, std::string("cannot ") + doing + ": cuBLAS says " + cublasGetStatusString(status));
}

/// After a launch: what was wrong with it.
inline void launch_check(const char* doing) { cuda_check(cudaGetLastError(), doing); }

/// An array on the current device that only grows. Moves, does not copy. Uninitialised.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(size_t count) { reserve(count); }
  DeviceArray(DeviceArray&& other) noexcept { *this = std::move(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~DeviceArray() { cudaFree(data_); }

  /// What was in it is lost where it grows.
  T* reserve(size_t count) {
    if (count <= count_) return data_;
    cudaFree(std::exchange(data_, nullptr));
    count_ = 0;
    cuda_check(cudaMalloc(reinterpret_cast<void**>(&data_), count * sizeof(T)), "take memory of the GPU");
    count_ = count;
    return data_;
  }
  T* data() const { return data_; }
  void upload(std::span<const T> values) {
    reserve(values.size());
    cuda_check(cudaMemcpy(data_, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "copy to the GPU");
  }
  void download(std::span<T> values) const {
    cuda_check(cudaMemcpy(values.data(), data_, values.size() * sizeof(T), cudaMemcpyDeviceToHost),
               "copy from the GPU");
  }
  void clear(size_t count) {
    reserve(count);
    cuda_check(cudaMemset(data_, 0, count * sizeof(T)), "clear memory of the GPU");
  }

 private:
  T* data_ = nullptr;
  size_t count_ = 0;
};

}  // namespace penstock::classic
