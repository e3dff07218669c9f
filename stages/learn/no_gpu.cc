// What stands in the place of stages/learn/cuda in a program without CUDA.
#include "engine/base/error.h"
#include "stages/learn/compute.h"
#include "stages/learn/device_collective.h"

namespace penstock::learn {
namespace {

[[noreturn]] void refuse(Device& device) {
  throw Error(Code::kDevice, "'" + std::string(device.name()) + "' cannot train: this program is built without CUDA")
      .hint("tools/gpu/build.sh builds one with it: penstock-cuda");
}

}  // namespace

std::unique_ptr<Compute> make_gpu_compute(Device& device, Stream&, const std::vector<double>&,
                                          const std::vector<double>&) {
  refuse(device);
}

GpuCollective make_gpu_collective(Device& device, Collective&, double) { refuse(device); }

}  // namespace penstock::learn
