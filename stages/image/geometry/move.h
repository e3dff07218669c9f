// Moves: what is drawn for a record and done to its picture, its mask and its boxes alike.
#pragma once

#include <optional>

#include "engine/order/draws.h"
#include "stages/image/geometry/warp.h"

namespace penstock::image::geometry {

/// Const and shared by all threads.
class Move {
 public:
  virtual ~Move() = default;
  /// Where the moved picture comes from; nothing where it stays as it is. A function of the picture's size and the draws: stages
  /// that share a `draw`, and whose pictures and masks are of one size, get the same.
  virtual std::optional<Warp> draw(Size picture, Draws& draws) const = 0;
  /// Of the moved picture.
  virtual Size out(Size picture) const { return picture; }
};

}  // namespace penstock::image::geometry
