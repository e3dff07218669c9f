#include "stages/image/augment/pixel_view.h"

#include "engine/base/error.h"

namespace penstock::image::augment {

const Field& require_pixels(const Schema& in, const char* who) {
  const Field& pixels = in.require("pixels", who);
  if (pixels.dtype != DType::kU8 || pixels.extent != Extent::kFixed || pixels.shape.size() != 3 || pixels.shape[2] != 3)
    throw Error(Code::kUsage, std::string(who) + " works on RGB pictures, and the field is " + pixels.text())
        .hint("it wants: pixels u8 (N, height, width, 3)");
  return pixels;
}

PixelView view_of(const FieldView& pixels) {
  const auto height = static_cast<int>(pixels.shape()[0]), width = static_cast<int>(pixels.shape()[1]);
  return {reinterpret_cast<std::uint8_t*>(pixels.data), width, height, std::ptrdiff_t{3} * width};
}

}  // namespace penstock::image::augment
