// The jobs of this room, instantiated: included after no_gpu.h or cuda/each.cuh, by one file of each.
#pragma once

#include "stages/device/augment_jobs.h"
#include "stages/device/each.h"

namespace penstock::device {

template void launch_on_gpu(void*, int64_t, const Locate&);
template void launch_on_gpu(void*, int64_t, const MakeTaps&);
template void launch_on_gpu(void*, int64_t, const CropResize&);
template void launch_on_gpu(void*, int64_t, const SumGrey&);
template void launch_on_gpu(void*, int64_t, const MeanGrey&);
template void launch_on_gpu(void*, int64_t, const ChangePixels&);
template void launch_on_gpu(void*, int64_t, const MixPictures&);

}  // namespace penstock::device
