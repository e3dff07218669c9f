// Moving a picture by a Warp, in place.
#pragma once

#include <array>
#include <cstdint>

#include "stages/image/augment/pixel_view.h"
#include "stages/image/geometry/warp.h"

namespace penstock::image::geometry {

using augment::PixelView;
using augment::RowScratch;

enum class Interpolation : std::uint8_t {
  kNearest,   ///< the pixel that a place falls into: no new values
  kBilinear,  ///< the four around it
};

/// Memory beside the picture: a copy of it, and the places of a row. One a thread.
struct WarpScratch {
  RowScratch copy, places;
};

/// Each pixel becomes what lies where `warp` says that it comes from, or `fill`. Sides up to kLongestWarpedSide. A mask (one channel) is
/// looked up nearest whatever `interpolation` says, since a mean of two classes is a third. Same bytes on every CPU.
/// Values are those of Pillow 11.3's Image.transform (AFFINE, PERSPECTIVE), which computes bilinear in doubles: within 1.
void warp_picture(PixelView picture, const Warp& warp, Interpolation interpolation, const Colour& fill,
                  WarpScratch& scratch);

/// What WarpScratch grows to for such pictures.
std::uint64_t warp_scratch_bytes(int width, int height, int channels);

namespace reference {

/// The same bytes of RGB pictures, pixel by pixel.
void warp_picture(PixelView picture, const Warp& warp, Interpolation interpolation, const Colour& fill);

}  // namespace reference
}  // namespace penstock::image::geometry
