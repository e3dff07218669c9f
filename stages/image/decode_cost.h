// What decoding costs, from what a header says: for choices that may not look at a clock.
#pragma once

#include <cstddef>

#include "stages/image/decoder.h"

namespace penstock::image {

/// Seconds of one core for a random-resized-crop to 224 pixels of a verified record: a line through 146 ImageNet photographs as they are
/// (mean error 9 %) and at 256 pixels, quality 90 (4 %), and as raw pixels (3 %), on a core of an AMD EPYC of 2024 at 4 GHz. Other machines are slower or
/// faster by a factor that is about the same for both, and ratios are what is chosen by.
inline double jpeg_decode_seconds(std::size_t bytes, double pixels) {
  return 26e-6 + 2.97e-9 * static_cast<double>(bytes) + 0.53e-9 * pixels;
}
inline double raw_decode_seconds(double pixels) { return 0.41e-9 * pixels; }

}  // namespace penstock::image
