#include "stages/image/augment/gaussian_blur.h"

#include "engine/base/error.h"

namespace penstock::image::augment {

GaussianBlur::GaussianBlur(Params params)
    : PixelStage("image.gaussian-blur", params.p),
      side_(params.kernel_size),
      sigma_(span_of({params.sigma[0], params.sigma[1]}, "sigma", 0, 1000)) {
  if (side_ % 2 == 0)
    throw Error(Code::kUsage, "kernel_size is " + std::to_string(side_) + ", and a window has its pixel in the middle")
        .hint("take " + std::to_string(side_ + 1) + " or another odd number");
}

}  // namespace penstock::image::augment
