#include "stages/device/no_gpu.h"

#include "engine/base/error.h"

namespace penstock::device {

void no_gpu_kernels() { check_failed("this program has the kernels of its devices", __FILE__, __LINE__); }

}  // namespace penstock::device
