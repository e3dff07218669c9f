#include "examples/gpu_stage/vignette.h"
#include "stages/device/cuda/each.cuh"

template void penstock::device::launch_on_gpu(void*, int64_t, const VignetteJob&);
