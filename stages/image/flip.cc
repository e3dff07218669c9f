#include "stages/image/flip.h"

#include <algorithm>

#include "engine/order/draws.h"

namespace penstock::image {
namespace {

// kChannels: known to the compiler where there are three, so that a pixel is moved without a loop.
template <int kChannels>
void mirror(std::uint8_t* row, std::int64_t width, std::int64_t channels) {
  const std::int64_t step = kChannels == 0 ? channels : kChannels;
  for (std::uint8_t *left = row, *right = row + (width - 1) * step; left < right; left += step, right -= step)
    std::swap_ranges(left, left + step, right);
}

}  // namespace

Bound Flip::bind(const Schema& in) const {
  const Field& pixels = in.require("pixels", "image.flip");
  if (pixels.dtype != DType::kU8 || pixels.extent != Extent::kFixed || pixels.shape.size() != 3)
    throw Error(Code::kUsage, "image.flip mirrors pictures, and the field is " + pixels.text())
        .hint("it wants: pixels u8 (N, height, width, channels)");
  return {.reads = {"pixels"}, .writes = {pixels}, .draws = true};
}

Outcome Flip::run(RecordView& record, Draws& draws, Scratch&) const {
  if (!draws.bernoulli(params_.p)) return Outcome::ok();
  const FieldView pixels = record.out(0);
  const std::int64_t height = pixels.shape()[0], width = pixels.shape()[1], channels = pixels.shape()[2];
  auto* rows = reinterpret_cast<std::uint8_t*>(pixels.data);
  for (std::int64_t y = 0; y < height; ++y) {
    std::uint8_t* row = rows + y * width * channels;
    channels == 3 ? mirror<3>(row, width, 3) : mirror<0>(row, width, channels);
  }
  return Outcome::ok();
}

}  // namespace penstock::image
