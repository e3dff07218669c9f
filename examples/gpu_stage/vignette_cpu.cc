#include "examples/gpu_stage/vignette.h"
#include "stages/device/no_gpu.h"

template void penstock::device::launch_on_gpu(void*, int64_t, const VignetteJob&);
