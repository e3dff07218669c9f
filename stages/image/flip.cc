#include "stages/image/flip.h"

#include <algorithm>

#include "engine/order/draws.h"
#include "stages/image/flip_kernel.h"
#include "stages/image/pictures.h"

namespace penstock::image {
namespace {

void mirror(std::uint8_t* row, std::int64_t width, std::int64_t channels) {
  for (std::uint8_t *left = row, *right = row + (width - 1) * channels; left < right;
       left += channels, right -= channels)
    std::swap_ranges(left, left + channels, right);
}

}  // namespace

Bound Flip::bind(const Schema& in) const {
  const Field& pixels = in.require("pixels", "image.flip");
  if (!holds_pictures(pixels))
    throw Error(Code::kUsage, "image.flip mirrors pictures, and the field is " + pixels.text())
        .hint("it wants: pixels u8 (N, height, width, channels), or (N, views, height, width, channels)");
  return {.reads = {"pixels"}, .writes = {pixels}, .draws = true};
}

Outcome Flip::run(RecordView& record, Draws& draws, Scratch& scratch) const {
  auto& row = scratch.get<std::vector<std::uint8_t>>();
  each_picture(record.out(0),
               [&](std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::int64_t channels) {
                 if (!draws.bernoulli(params_.p)) return;
                 if (channels == 3) return mirror_rgb(pixels, height, width, row);
                 for (std::int64_t y = 0; y < height; ++y) mirror(pixels + y * width * channels, width, channels);
               });
  return Outcome::ok();
}

}  // namespace penstock::image
