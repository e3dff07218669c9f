// The Collective of lanes that are GPUs; which there is, is chosen when the program is linked.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/device/collective.h"
#include "engine/device/device.h"

namespace penstock::learn {

struct GpuCollective {
  std::unique_ptr<Collective> collective;
  /// Lets go of who waits in it, and fails all later calls with that reason. From any thread, while it lives.
  std::function<void(const std::string& why)> abort;
  std::string unequal;  ///< names GPUs that are not alike, since the slowest sets the pace; empty where all are
};

/// NCCL over all ranks of `bootstrap`, each with a GPU of its own; a call of all ranks. Error kDevice: says what was tried; in a program
/// without CUDA.
GpuCollective make_gpu_collective(Device& device, Collective& bootstrap, double timeout_seconds = 600);

}  // namespace penstock::learn
