#include "engine/cuda/cuda_machine.h"

#include <cuda_runtime.h>

#include "engine/cuda/cuda_check.h"

namespace penstock {
namespace {

// "cuda:1 by NVLink", "cuda:2 by PCIe", "cuda:3 through the host".
std::string link_text(int from, int to) {
  int direct = 0, atomics = 0;
  cudaDeviceGetP2PAttribute(&direct, cudaDevP2PAttrAccessSupported, from, to);
  cudaDeviceGetP2PAttribute(&atomics, cudaDevP2PAttrNativeAtomicSupported, from, to);
  cudaGetLastError();
  const std::string how = direct == 0 ? " through the host" : atomics != 0 ? " by NVLink" : " by PCIe";
  return "cuda:" + std::to_string(to) + how;
}

std::string description(int index, const CudaMachine& machine) {
  cudaDeviceProp properties{};
  cuda_check(cudaGetDeviceProperties(&properties, index), "asking for the properties of cuda:" + std::to_string(index));
  std::string text = std::string(properties.name) + ", compute " + std::to_string(properties.major) + "." +
                     std::to_string(properties.minor) + ", driver for CUDA " + cuda_version_text(machine.driver) +
                     ", runtime " + cuda_version_text(machine.runtime);
  for (int other = 0; other < machine.devices; ++other)
    if (other != index) text += ", " + link_text(index, other);
  return text;
}

uint64_t memory_bytes(int index) {
  cudaDeviceProp properties{};
  return cudaGetDeviceProperties(&properties, index) == cudaSuccess ? properties.totalGlobalMem : 0;
}

}  // namespace

std::string cuda_version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string why_no_cuda(int driver, int runtime, int status) {
  if (driver == 0)
    return "no driver: libcuda.so.1 is not there or does not load; install NVIDIA's driver for CUDA " +
           cuda_version_text(runtime) + " or newer";
  if (status == cudaErrorInsufficientDriver)
    return "the driver is too old: it serves CUDA " + cuda_version_text(driver) + ", this program needs " +
           cuda_version_text(runtime) + " (driver 580 or newer)";
  if (status == cudaErrorNoDevice)
    return "no GPU is visible: the driver works, see CUDA_VISIBLE_DEVICES and nvidia-smi";
  return std::string("CUDA does not start: ") + cudaGetErrorString(static_cast<cudaError_t>(status));
}

CudaMachine look_for_cuda() {
  CudaMachine machine;
  cudaDriverGetVersion(&machine.driver);
  cudaRuntimeGetVersion(&machine.runtime);
  const cudaError_t status = cudaGetDeviceCount(&machine.devices);
  cudaGetLastError();
  if (status != cudaSuccess) machine.devices = 0;
  if (machine.devices == 0)
    machine.why_none = why_no_cuda(machine.driver, machine.runtime, status == cudaSuccess ? cudaErrorNoDevice : status);
  return machine;
}

std::vector<DeviceInfo> list_cuda() {
  const CudaMachine machine = look_for_cuda();
  std::vector<DeviceInfo> all;
  for (int i = 0; i < machine.devices; ++i)
    all.push_back({"cuda:" + std::to_string(i), description(i, machine), memory_bytes(i)});
  return all;
}

}  // namespace penstock
