// Gaussian blur, in place, separable, in integers.
#pragma once

#include <cstdint>
#include <vector>

#include "stages/image/augment/pixel_view.h"

namespace penstock::image::augment {

inline constexpr int kLargestBlur = 63;

/// Weights of one half of a window in units of 2^-kBlurWeightBits: [0] is half of the centre's, [t] that of the pixels t
/// to either side, so that each value is the sum of weights[t] * (left(t) + right(t)). They add up to one half exactly.
inline constexpr int kBlurWeightBits = 14;
void blur_weights(int side, double sigma, std::vector<std::int16_t>& weights);

/// The pixel that stands for number `i` of `n` where i lies outside: mirrored without repeating the edge, as often as it takes.
int mirrored(int i, int n);

/// What blurring needs beside the picture: weights and a ring of rows. One a thread.
struct BlurScratch {
  std::vector<std::int16_t> weights;
  RowScratch rows;
};

/// Blurs with a window of `side` x `side` (odd, 1 to kLargestBlur) weighted by exp(-(d / sigma)^2 / 2), sigma > 0;
/// borders are mirrored without repeating the edge. Differs from torchvision's gaussian_blur on u8, which
/// sums in f32, by at most 1; pictures may be smaller than the window, which torchvision refuses.
void gaussian_blur(PixelView picture, int side, double sigma, BlurScratch& scratch);

/// What BlurScratch grows to for such pictures.
std::uint64_t blur_scratch_bytes(int width, int height, int side);

namespace reference {

/// The same bytes, as plain as can be.
void gaussian_blur(PixelView picture, int side, double sigma);

}  // namespace reference
}  // namespace penstock::image::augment
