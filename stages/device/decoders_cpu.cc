// The GPU's decoder of a program without CUDA: none. Nothing else belongs here: a program with CUDA links cuda/decoders_cuda.cc in its place.
#include "stages/device/device_decoder.h"
#include "stages/device/no_gpu.h"

namespace penstock::device {

std::unique_ptr<DeviceDecoder> make_gpu_decoder(Device&) { no_gpu_kernels(); }

}  // namespace penstock::device
