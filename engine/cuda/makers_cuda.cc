// The kinds of device of a program with CUDA: linked in the place of engine/device/makers_cpu.cc. Nothing else belongs here.
#include "engine/cuda/cuda_maker.h"

namespace penstock {

std::vector<DeviceMaker> device_makers() { return {cpu_maker(), sim_maker(), cuda_maker()}; }

}  // namespace penstock
