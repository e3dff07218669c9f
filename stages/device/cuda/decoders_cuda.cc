// The GPU's decoder of a program with CUDA: linked in the place of stages/device/decoders_cpu.cc. Nothing else belongs here.
#include "stages/device/cuda/nvjpeg_decoder.h"
#include "stages/device/device_decoder.h"

namespace penstock::device {

std::unique_ptr<DeviceDecoder> make_gpu_decoder(Device& device) { return std::make_unique<NvjpegDecoder>(device); }

}  // namespace penstock::device
