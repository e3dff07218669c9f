// The loops of a warp, compiled once for each vector instruction set and chosen at run time (Highway). Every target gives the same
// bytes: coordinates are + - * / of doubles without contraction, blending is in integers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stages/image/pixels.h"

namespace penstock::image::geometry {

/// Coordinates are in units of 2^-kPlaceBits pixels; -2^kPlaceBits across marks a place outside of the picture.
inline constexpr int kPlaceBits = 16;
/// places_of_row() writes up to a multiple of so many.
inline constexpr std::size_t kPlaceStep = 16;
/// The longest side that fits the units.
inline constexpr int kLongestWarpedSide = 16384;

/// One row of a Warp, by the number i of its pixels: across = (across_step i + across_0) / (depth_step i + depth_0), down alike.
struct PlacesOfRow {
  double across_step, across_0, down_step, down_0, depth_step, depth_0;
  bool divides;       ///< else the depth is 1
  int width, height;  ///< of the picture that is looked up
};

/// Where `count` pixels of a row come from, into across[] and down[]; behind them places outside, up to a multiple of kPlaceStep.
void places_of_row(const PlacesOfRow& row, std::size_t count, std::int32_t* across, std::int32_t* down);

/// A picture with one pixel more on each side that repeats its border, so that all four neighbours of any place are there; 4 bytes
/// behind its end are readable.
struct Framed {
  const std::uint8_t* data;  ///< of the frame's top left corner
  std::int32_t stride;       ///< bytes from a row to the next
};

/// Writes `count` RGB pixels: those at places outside are `fill`. Arrays as places_of_row() leaves them.
void look_up_nearest(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                     const Colour& fill, std::uint8_t* rgb);
void look_up_bilinear(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                      const Colour& fill, std::uint8_t* rgb);

namespace reference {

/// The same bytes, one pixel after the other: oracle of the vector loops, and their stand-in without vectors.
void places_of_row(const PlacesOfRow& row, std::size_t count, std::int32_t* across, std::int32_t* down);
void look_up_nearest(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                     const Colour& fill, std::uint8_t* rgb);
void look_up_bilinear(const Framed& framed, const std::int32_t* across, const std::int32_t* down, std::size_t count,
                      const Colour& fill, std::uint8_t* rgb);

}  // namespace reference
}  // namespace penstock::image::geometry
