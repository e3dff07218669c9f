// The kernels of a program with CUDA: linked in the place of stages/device/kernels_cpu.cc. Nothing else belongs here.
#include "stages/device/cuda/each.cuh"
#include "stages/device/cuda/normalise.cuh"
#include "stages/device/kernel_list.h"

namespace penstock::device {

void normalise_on_gpu(void* native_stream, const Normalise& job) {
  with_normalise_group(job,
                       [&](const auto& group) { launch_normalise(group, static_cast<cudaStream_t>(native_stream)); });
}

}  // namespace penstock::device
