#include "stages/image/geometry/warp_kernels.h"

namespace penstock::image::geometry::reference {
namespace {

constexpr std::int32_t kOne = 1 << kPlaceBits;

const std::uint8_t* pixel_at(const Framed& framed, std::int32_t column, std::int32_t row) {
  return framed.data + std::ptrdiff_t{framed.stride} * row + std::ptrdiff_t{3} * column;
}

// `share` of the way from a to b in units of 2^-15; a and b have 15 bits.
int between(int a, int b, int share) { return a + (((b - a) * share + (1 << 14)) >> 15); }

void copy_pixel(const std::uint8_t* from, std::uint8_t* to) {
  for (int c = 0; c < 3; ++c) to[c] = from[c];
}

}  // namespace

void places_of_row(const PlacesOfRow& row, std::size_t count, std::int32_t* across, std::int32_t* down) {
  const std::size_t end = (count + kPlaceStep - 1) / kPlaceStep * kPlaceStep;
  for (std::size_t i = 0; i < end; ++i) {
    const auto at = static_cast<double>(i);
    const double depth = row.divides ? 1 / (row.depth_step * at + row.depth_0) : 1;
    const double x = (row.across_step * at + row.across_0) * depth, y = (row.down_step * at + row.down_0) * depth;
    const bool inside = i < count && x >= 0 && x < row.width && y >= 0 && y < row.height;
    across[i] = inside ? static_cast<std::int32_t>(x * kOne) : -kOne;
    down[i] = inside ? static_cast<std::int32_t>(y * kOne) : 0;
  }
}

void look_up_nearest(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                     const Colour& fill, std::uint8_t* rgb) {
  for (std::size_t i = 0; i < count; ++i, rgb += 3) {
    if (across[i] < 0)
      copy_pixel(fill.data(), rgb);
    else
      copy_pixel(pixel_at(framed, (across[i] >> kPlaceBits) + 1, (down[i] >> kPlaceBits) + 1), rgb);
  }
}

void look_up_bilinear(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                      const Colour& fill, std::uint8_t* rgb) {
  for (std::size_t i = 0; i < count; ++i, rgb += 3) {
    if (across[i] < 0) {
      copy_pixel(fill.data(), rgb);
      continue;
    }
    const std::int32_t x = across[i] + kOne / 2, y = down[i] + kOne / 2;  // from middle to middle, in the frame
    const std::uint8_t* top = pixel_at(framed, x >> kPlaceBits, y >> kPlaceBits);
    const std::uint8_t* bottom = top + framed.stride;
    const int share_x = (x & (kOne - 1)) >> 1, share_y = (y & (kOne - 1)) >> 1;
    for (int c = 0; c < 3; ++c) {
      const int above = between(top[c] << 7, top[3 + c] << 7, share_x);
      const int below = between(bottom[c] << 7, bottom[3 + c] << 7, share_x);
      rgb[c] = static_cast<std::uint8_t>(between(above, below, share_y) >> 7);
    }
  }
}

}  // namespace penstock::image::geometry::reference
