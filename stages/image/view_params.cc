#include "stages/image/view_params.h"

#include "engine/base/error.h"

namespace penstock::image {

void require_rising(const std::array<double, 2>& range, const std::string& what) {
  if (range[0] <= range[1]) return;
  throw Error(Code::kUsage, what + " runs from " + std::to_string(range[0]) + " down to " + std::to_string(range[1]))
      .hint("give the lower bound first");
}

const Field& require_encoded(const Schema& in, const char* name, const char* who) {
  const Field& bytes = in.require(name, who);
  if (bytes.dtype != DType::kU8 || bytes.extent != Extent::kUnbounded)
    throw Error(Code::kUsage, std::string(who) + " reads encoded pictures, and the field is " + bytes.text())
        .hint(std::string("it wants: ") + name + " u8 (N, any)");
  return bytes;
}

void ViewParams::require_sense(const char* who) const {
  require_rising(scale, std::string(who) + ": scale");
  require_rising(ratio, std::string(who) + ": ratio");
}

View ViewParams::choose(Size picture, Draws& draws) const {
  const Size out{size[0], size[1]};
  switch (view) {
    case ViewKind::kRandomResizedCrop: return random_resized_crop(picture, out, range(), draws);
    case ViewKind::kCenterCrop: return center_crop(picture, out, crop_fraction);
    case ViewKind::kResize: break;
  }
  return resize_whole(picture, out);
}

}  // namespace penstock::image
