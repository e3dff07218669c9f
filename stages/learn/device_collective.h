// The Collective of lanes that are GPUs; which there is, is chosen when the program is linked.
#pragma once

#include <memory>
#include <string>

#include "engine/device/collective.h"
#include "engine/device/device.h"

namespace penstock::learn {

struct GpuCollective {
  std::unique_ptr<Collective> collective;
  std::string unequal;  ///< names GPUs that are not alike, since the slowest sets the pace; empty where all are
};

/// NCCL over all ranks of `bootstrap`, each with a GPU of its own; a call of all ranks. Error kDevice: says what was tried; in a program
/// without CUDA.
GpuCollective make_gpu_collective(Device& device, Collective& bootstrap);

}  // namespace penstock::learn
