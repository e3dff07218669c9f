#include "stages/image/cmyk.h"

namespace penstock::image {
namespace {

int divided_by_255(int product) {  // rounded, exact for 0..65025
  const int biased = product + 128;
  return ((biased >> 8) + biased) >> 8;
}

}  // namespace

void inverted_cmyk_to_rgb(const std::uint8_t* cmyk, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int light = cmyk[3];  // 255 - K
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(light - divided_by_255((255 - cmyk[c]) * light));
  }
}

}  // namespace penstock::image
