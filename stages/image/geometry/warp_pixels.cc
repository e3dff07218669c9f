#include "stages/image/geometry/warp_pixels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/base/error.h"
#include "stages/image/geometry/warp_kernels.h"

namespace penstock::image::geometry {
namespace {

constexpr std::size_t kGatherSlack = 4;  // bytes read behind the last pixel

// A Warp by the numbers of pixels: the middle of pixel (i, j) is half a pixel further. Pillow looks up nearest pixels under a turn
// in fixed point of 16 bits; so do we, and ties fall alike. (Doubles hold such numbers and their sums exactly.)
Warp by_number(const Warp& warp, Interpolation interpolation) {
  Warp grid = warp;
  for (auto* row : {&grid.x, &grid.y, &grid.w}) (*row)[2] += 0.5 * ((*row)[0] + (*row)[1]);
  const bool turns = warp.x[1] != 0 || warp.y[0] != 0;
  if (interpolation == Interpolation::kNearest && warp.is_affine() && turns)
    for (auto* row : {&grid.x, &grid.y})
      for (double& value : *row) value = std::floor(value * 65536 + 0.5) / 65536;
  return grid;
}

PlacesOfRow places_of(const Warp& grid, const PixelView& picture, int y) {
  const auto at = [y](const std::array<double, 3>& row) { return row[1] * y + row[2]; };
  return {grid.x[0],  at(grid.x),        grid.y[0],     at(grid.y),    grid.w[0],
          at(grid.w), !grid.is_affine(), picture.width, picture.height};
}

struct Layout {
  Layout(int width, int height, int channels)
      : stride(static_cast<std::size_t>(channels) * static_cast<std::size_t>(width + 2)),
        bytes(stride * static_cast<std::size_t>(height + 2) + kGatherSlack),
        places((static_cast<std::size_t>(width) + kPlaceStep - 1) / kPlaceStep * kPlaceStep) {}
  std::size_t stride, bytes;
  std::size_t places;  // of a row
};

// The picture with its border repeated once on each side.
void frame(const PixelView& picture, std::size_t stride, std::uint8_t* to) {
  const auto pixel = static_cast<std::size_t>(picture.channels);
  const std::size_t row_bytes = pixel * static_cast<std::size_t>(picture.width);
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* row = to + stride * static_cast<std::size_t>(y + 1);
    std::memcpy(row + pixel, picture.row(y), row_bytes);
    std::memcpy(row, row + pixel, pixel);
    std::memcpy(row + pixel + row_bytes, row + row_bytes, pixel);
  }
  std::memcpy(to, to + stride, stride);
  std::uint8_t* last = to + stride * static_cast<std::size_t>(picture.height + 1);
  std::memcpy(last, last - stride, stride);
  std::memset(last + stride, 0, kGatherSlack);
}

void look_up_mask(const std::uint8_t* framed, std::size_t stride, const std::int32_t* across, const std::int32_t* down,
                  int count, std::uint8_t fill, std::uint8_t* out) {
  for (int i = 0; i < count; ++i) {
    const auto x = static_cast<std::size_t>((across[i] >> kPlaceBits) + 1);
    const auto y = static_cast<std::size_t>((down[i] >> kPlaceBits) + 1);
    const std::uint8_t value = framed[y * stride + x];  // of the frame where outside
    out[i] = across[i] < 0 ? fill : value;
  }
}

}  // namespace

void warp_picture(PixelView picture, const Warp& warp, Interpolation interpolation, const Colour& fill,
                  WarpScratch& scratch) {
  PENSTOCK_CHECK(picture.channels == 3 || picture.channels == 1);
  PENSTOCK_CHECK(std::max(picture.width, picture.height) <= kLongestWarpedSide);
  const bool is_mask = picture.channels == 1;
  const Warp grid = by_number(warp, is_mask ? Interpolation::kNearest : interpolation);
  const Layout layout(picture.width, picture.height, picture.channels);
  std::uint8_t* copy = scratch.copy.take<std::uint8_t>(layout.bytes);
  frame(picture, layout.stride, copy);
  const Framed framed{copy, static_cast<std::int32_t>(layout.stride)};
  std::int32_t* across = scratch.places.take<std::int32_t>(2 * layout.places);
  std::int32_t* down = across + layout.places;
  const auto count = static_cast<std::size_t>(picture.width);
  for (int y = 0; y < picture.height; ++y) {
    places_of_row(places_of(grid, picture, y), count, across, down);
    if (is_mask)
      look_up_mask(copy, layout.stride, across, down, picture.width, fill[0], picture.row(y));
    else if (interpolation == Interpolation::kNearest)
      look_up_nearest(framed, across, down, count, fill, picture.row(y));
    else
      look_up_bilinear(framed, across, down, count, fill, picture.row(y));
  }
}

std::uint64_t warp_scratch_bytes(int width, int height, int channels) {
  const Layout layout(width, height, channels);
  return layout.bytes + 2 * sizeof(std::int32_t) * layout.places + 128;
}

namespace reference {

void warp_picture(PixelView picture, const Warp& warp, Interpolation interpolation, const Colour& fill) {
  const Warp grid = by_number(warp, interpolation);
  const Layout layout(picture.width, picture.height, 3);
  std::vector<std::uint8_t> copy(layout.bytes);
  frame(picture, layout.stride, copy.data());
  const Framed framed{copy.data(), static_cast<std::int32_t>(layout.stride)};
  std::vector<std::int32_t> across(layout.places), down(layout.places);
  const auto count = static_cast<std::size_t>(picture.width);
  for (int y = 0; y < picture.height; ++y) {
    reference::places_of_row(places_of(grid, picture, y), count, across.data(), down.data());
    const auto look_up = interpolation == Interpolation::kNearest ? look_up_nearest : look_up_bilinear;
    look_up(framed, across.data(), down.data(), count, fill, picture.row(y));
  }
}

}  // namespace reference
}  // namespace penstock::image::geometry
