// The kernels of a program without CUDA: none. Nothing else belongs here: a program with CUDA links cuda/kernels_cuda.cu in its place.
#include "stages/device/kernel_list.h"
#include "stages/device/no_gpu.h"
#include "stages/device/normalise.h"

namespace penstock::device {

void normalise_on_gpu(void*, const Normalise&) { no_gpu_kernels(); }

}  // namespace penstock::device
