// A GPU as a Device.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/device/device.h"

namespace penstock {

/// GPU `index` of those that CUDA sees. `memory_bytes` is the budget of what allocate() gives; 0: nine tenths of what is free
/// now. Error kDevice where there is no driver, an old one, or no such device (names those that are there); kMemory where the budget
/// is more than the GPU has.
///
/// allocate(): cudaMalloc, so that a buffer may be used by every stream and by NCCL; buffers live long here. Host buffers are pinned
/// (cudaHostAlloc, portable).
std::unique_ptr<Device> make_cuda_device(uint32_t index, uint64_t memory_bytes = 0);

}  // namespace penstock
