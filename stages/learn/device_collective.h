// The Collective of lanes that are GPUs; which there is, is chosen when the program is linked.
#pragma once

#include <memory>

#include "engine/device/collective.h"
#include "engine/device/device.h"

namespace penstock::learn {

/// NCCL over all ranks of `bootstrap`, each with a GPU of its own; a call of all ranks. Error kDevice: says what was tried; in a program
/// without CUDA.
std::unique_ptr<Collective> make_gpu_collective(Device& device, Collective& bootstrap);

}  // namespace penstock::learn
