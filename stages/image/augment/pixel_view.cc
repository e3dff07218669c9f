#include "stages/image/augment/pixel_view.h"

#include "engine/base/error.h"
#include "stages/image/pictures.h"

namespace penstock::image::augment {

const Field& require_pixels(const Schema& in, const char* who, bool views_too) {
  const Field& pixels = in.require("pixels", who);
  if (!holds_pictures(pixels, 3) || (!views_too && pixels.shape.size() != 3))
    throw Error(Code::kUsage, std::string(who) + " works on RGB pictures, and the field is " + pixels.text())
        .hint(std::string("it wants: pixels u8 (N, height, width, 3)") +
              (views_too ? ", or with several views of each" : ""));
  return pixels;
}

}  // namespace penstock::image::augment
