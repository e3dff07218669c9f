// Gaussian blur, in place, separable, in integers.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/image/augment/pixel_view.h"

namespace penstock::image::augment {

/// What blurring needs beside the picture: weights and a ring of rows. One a thread.
struct BlurScratch {
  std::vector<std::int32_t> weights;
  RowScratch rows;
};

/// Blurs with a window of `side` x `side` (odd, 1 to kLargestBlur) weighted by exp(-(d / sigma)^2 / 2), sigma > 0;
/// borders are mirrored without repeating the edge. Differs from torchvision's gaussian_blur on u8, which
/// sums in f32, by at most 1; pictures may be smaller than the window, which torchvision refuses.
void gaussian_blur(PixelView picture, int side, double sigma, BlurScratch& scratch);

inline constexpr int kLargestBlur = 63;

}  // namespace penstock::image::augment
