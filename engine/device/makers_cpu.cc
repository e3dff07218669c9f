// The kinds of device of a program without CUDA. Nothing else belongs here: a program with CUDA links another
// definition of this one function.
#include "engine/device/devices.h"

namespace penstock {

std::vector<DeviceMaker> device_makers() {
  return {cpu_maker(), sim_maker(), absent_maker("cuda", "this program was built without CUDA")};
}

}  // namespace penstock
