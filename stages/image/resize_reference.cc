#include "stages/image/resize_reference.h"

#include <algorithm>

#include "stages/image/resize_taps.h"

namespace penstock::image {
namespace {

std::uint8_t to_u8(std::int64_t sum) {
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>((sum + (1 << (kWeightBits - 1))) >> kWeightBits, 0, 255));
}

}  // namespace

Picture resize_reference(const Picture& picture, const View& view) {
  ResizeTaps across, down;
  const TapsOrigin origin = make_taps(view, across, down);

  const auto sample = [&](int y, int x, int c) -> std::int64_t {
    const auto row = static_cast<std::size_t>(origin.y + y) * picture.width;
    return picture.rgb[(row + origin.x + x) * 3 + c];
  };
  Picture narrow{view.window.width, down.inputs_end(), {}};
  for (int y = 0; y < narrow.height; ++y)
    for (int x = 0; x < narrow.width; ++x)
      for (int c = 0; c < 3; ++c) {
        std::int64_t sum = 0;
        for (int t = 0; t < across.count[x]; ++t)
          sum += sample(y, across.first[x] + t, c) * across.weights[x * across.stride + t];
        narrow.rgb.push_back(to_u8(sum));
      }

  Picture out{view.window.width, view.window.height, {}};
  for (int y = 0; y < out.height; ++y)
    for (int i = 0; i < out.width * 3; ++i) {
      std::int64_t sum = 0;
      for (int t = 0; t < down.count[y]; ++t)
        sum += std::int64_t{narrow.rgb[static_cast<std::size_t>(down.first[y] + t) * narrow.width * 3 + i]} *
               down.weights[y * down.stride + t];
      out.rgb.push_back(to_u8(sum));
    }
  return out;
}

}  // namespace penstock::image
