#include "stages/image/geometry/move_pictures.h"

#include <algorithm>

#include "engine/base/error.h"
#include "stages/image/geometry/warp_kernels.h"
#include "stages/image/pictures.h"

namespace penstock::image::geometry {

const Field& require_movable(const Schema& in, const char* who) {
  const Field& pixels = in.require("pixels", who);
  if (!holds_pictures(pixels, 3) && !holds_pictures(pixels, 1))
    throw Error(Code::kUsage, std::string(who) + " moves RGB pictures and masks, and the field is " + pixels.text())
        .hint("it wants: u8 (N, height, width, 3), or 1 for a mask");
  const auto& shape = pixels.shape;
  const int64_t longest = std::max(shape[shape.size() - 3], shape[shape.size() - 2]);
  if (longest > kLongestWarpedSide)
    throw Error(Code::kUsage, std::string(who) + " moves pictures up to " + std::to_string(kLongestWarpedSide) +
                                  " pixels long, and the field is " + pixels.text())
        .hint("resize them first: image.decode has a size");
  return pixels;
}

PictureMover::PictureMover(const char* name, std::unique_ptr<const Move> move, Interpolation interpolation,
                           const std::array<int, 3>& fill)
    : name_(name), move_(std::move(move)), interpolation_(interpolation), fill_(colour_of(fill)) {}

Bound PictureMover::bind(const Schema& in) const {
  const Field& pixels = require_movable(in, name_);
  const std::size_t axes = pixels.shape.size();
  const auto side = [&](std::size_t axis) { return static_cast<int>(pixels.shape[axis]); };
  return {.reads = {"pixels"},
          .writes = {pixels},
          .draws = true,
          .scratch_bytes = warp_scratch_bytes(side(axes - 2), side(axes - 3), side(axes - 1))};
}

Outcome PictureMover::run(RecordView& record, Draws& draws, Scratch& scratch) const {
  each_picture(record.out(0),
               [&](std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::int64_t channels) {
                 const Size size{static_cast<int>(height), static_cast<int>(width)};
                 const PixelView picture{pixels, size.width, size.height, channels * width, static_cast<int>(channels)};
                 if (const auto warp = move_->draw(size, draws))
                   warp_picture(picture, *warp, interpolation_, fill_, scratch.get<WarpScratch>());
               });
  return Outcome::ok();
}

}  // namespace penstock::image::geometry
