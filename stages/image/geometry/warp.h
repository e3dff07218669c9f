// Where each pixel of a moved picture comes from: affine and perspective maps of the plane, and boxes under them.
//
// Coordinates are continuous and in pixels, x to the right, y down: pixel (i, j) covers [i, i + 1) x [j, j + 1), its middle is
// (i + 0.5, j + 0.5).
#pragma once

#include <array>
#include <optional>

#include "stages/image/view.h"

namespace penstock::image::geometry {

struct Point {
  double x = 0;
  double y = 0;
};

/// From the moved picture back to the one it was made of:
///   x' = (x[0] x + x[1] y + x[2]) / d,   y' = (y[0] x + y[1] y + y[2]) / d,   d = w[0] x + w[1] y + w[2]
struct Warp {
  std::array<double, 3> x = {1, 0, 0};
  std::array<double, 3> y = {0, 1, 0};
  std::array<double, 3> w = {0, 0, 1};

  bool is_affine() const { return w == std::array<double, 3>{0, 0, 1}; }
  bool operator==(const Warp&) const = default;
};

/// The picture moved by (dx, dy).
Warp shifted(double dx, double dy);

/// Mirrored left to right.
Warp mirrored(int width);

/// What torchvision's affine() takes: first turned by `angle` and sheared (degrees, shear as ShearX, ShearY), then made `scale` times
/// larger, about `centre`; then moved by `shift` pixels. Positive angles turn clockwise.
struct AffineMove {
  double angle = 0;
  Point shift;
  double scale = 1;
  Point shear;
  Point centre;
};
/// `scale` > 0, |shear| < 90.
Warp affine(const AffineMove& move);

/// Shears by x' = x + amount_x * y or y' = y + amount_y * x about the top left corner, amounts as the ShearX and ShearY of
/// RandAugment have them (the tangent of the angle; positive moves what is below to the left, and what is right up).
Warp sheared(double amount_x, double amount_y);

/// Corners in the order top left, top right, bottom right, bottom left.
using Quad = std::array<Point, 4>;

/// The map that carries the corners `from` (of the picture) to `to` (in the moved one), with coefficients rounded to f32 as torchvision's.
/// Nothing where no map does.
std::optional<Warp> perspective(const Quad& from, const Quad& to);

/// The other way round: a map whose Warp is the inverse. Nothing where the plane is folded to a line.
std::optional<Warp> inverse(const Warp& warp);

/// A box by its corners, in pixels: x0 <= x1, y0 <= y1. The layout of a row of "boxes" f32 (N, any, 4).
struct Box {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  bool operator==(const Box&) const = default;
};

/// What of a box is seen of it in the moved picture of size `out`: the upright hull of its four corners, cut off at the border.
/// `forward` is the inverse() of the picture's warp. Nothing where less than `min_visible` of the hull's area, or nothing, is
/// inside, or where a corner lies behind the horizon of a perspective.
std::optional<Box> moved(const Box& box, const Warp& forward, Size out, double min_visible);

}  // namespace penstock::image::geometry
