// What CUDA finds on this machine: driver, devices, and how they are linked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/device/devices.h"

namespace penstock {

/// Versions as CUDA counts them: 13000 is 13.0; driver 0: none.
struct CudaMachine {
  int devices = 0;
  int driver = 0;
  int runtime = 0;
  std::string why_none;  ///< empty where there is a device
};

/// Looks without leaving an error behind. Thread-safe; costs the start of CUDA the first time.
CudaMachine look_for_cuda();

/// Why there is no device: no driver, a driver that is too old (says which is needed), none that is visible, or what CUDA said.
std::string why_no_cuda(int driver, int runtime, int status);

/// "13.0" of 13000.
std::string cuda_version_text(int version);

/// Each device with its name, compute capability, versions, and links to the others. NVLink is told from PCIe by native atomics between the two
/// devices, which PCIe lacks (CUDA C++ programming guide, peer-to-peer attributes).
std::vector<DeviceInfo> list_cuda();

}  // namespace penstock
