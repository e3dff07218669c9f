#include "stages/image/geometry/moves.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace penstock::image::geometry {
namespace {

using augment::Span;

// v: from -v to v.
Span around_zero(const std::vector<double>& values, const std::string& what, double most) {
  const Span span = augment::span_of(values, what, -most, most);
  if (values.size() == 2) return span;
  return {-std::abs(span.high), std::abs(span.high)};
}

std::vector<double> part_of(const std::vector<double>& values, std::size_t first) {
  return {values.begin() + static_cast<std::ptrdiff_t>(first), values.begin() + static_cast<std::ptrdiff_t>(first) + 2};
}

// Up to `most` pixels from a corner, and so many at the other end of a side: torchvision's integers.
double near_start(Draws& draws, int most) { return static_cast<double>(draws.below(static_cast<uint64_t>(most) + 1)); }
double near_end(Draws& draws, int side, int most) {
  const int low = std::max(side - most - 1, 0);
  return low + static_cast<double>(draws.below(static_cast<uint64_t>(side - low)));
}

}  // namespace

AffineMoves::AffineMoves(const Params& params)
    : degrees_(around_zero(params.degrees, "degrees", 360)),
      scale_(augment::span_of({params.scale[0], params.scale[1]}, "scale", 0.01, 100)),
      translate_(params.translate),
      p_(params.p) {
  if (params.shear.empty() || params.shear.size() == 3 || params.shear.size() > 4)
    throw Error(Code::kUsage, "shear has " + std::to_string(params.shear.size()) + " numbers")
        .hint("it is a number, [low, high] along x, or [x low, x high, y low, y high]");
  if (params.shear.size() == 4) {
    shear_x_ = augment::span_of(part_of(params.shear, 0), "shear along x", -80, 80);
    shear_y_ = augment::span_of(part_of(params.shear, 2), "shear along y", -80, 80);
  } else {
    shear_x_ = around_zero(params.shear, "shear", 80);
  }
}

std::optional<Warp> AffineMoves::draw(Size picture, Draws& draws) const {
  const bool moves = draws.bernoulli(p_);
  const auto shift = [&](double share, int side) {
    const double most = share * side;
    return std::nearbyint(draws.uniform(-most, most));
  };
  AffineMove move;
  move.angle = degrees_.draw(draws);
  move.shift.x = shift(translate_[0], picture.width);
  move.shift.y = shift(translate_[1], picture.height);
  move.scale = scale_.draw(draws);
  move.shear.x = shear_x_.draw(draws);
  move.shear.y = shear_y_.draw(draws);
  move.centre = {0.5 * picture.width, 0.5 * picture.height};
  return moves ? std::optional(affine(move)) : std::nullopt;
}

std::optional<Warp> PerspectiveMoves::draw(Size picture, Draws& draws) const {
  if (!draws.bernoulli(params_.p)) return std::nullopt;
  const int across = static_cast<int>(params_.distortion_scale * (picture.width / 2));
  const int down = static_cast<int>(params_.distortion_scale * (picture.height / 2));
  const double right = picture.width - 1, bottom = picture.height - 1;
  Quad to;
  to[0] = {near_start(draws, across), near_start(draws, down)};
  to[1] = {near_end(draws, picture.width, across), near_start(draws, down)};
  to[2] = {near_end(draws, picture.width, across), near_end(draws, picture.height, down)};
  to[3] = {near_start(draws, across), near_end(draws, picture.height, down)};
  return perspective({{{0, 0}, {right, 0}, {right, bottom}, {0, bottom}}}, to);
}

std::optional<Warp> FlipMoves::draw(Size picture, Draws& draws) const {
  return draws.bernoulli(params_.p) ? std::optional(mirrored(picture.width)) : std::nullopt;
}

Size PadCropMoves::out(Size picture) const {
  const Size out{params_.size[0] > 0 ? params_.size[0] : picture.height,
                 params_.size[1] > 0 ? params_.size[1] : picture.width};
  if (out.height > picture.height + 2 * params_.padding || out.width > picture.width + 2 * params_.padding)
    throw Error(Code::kUsage, "a window of " + std::to_string(out.height) + " x " + std::to_string(out.width) +
                                  " pixels does not fit in pictures of " + std::to_string(picture.height) + " x " +
                                  std::to_string(picture.width) + " with " + std::to_string(params_.padding) +
                                  " more on each side")
        .hint("take a smaller size or more padding");
  return out;
}

std::array<int, 2> PadCropMoves::corner(Size picture, Draws& draws) const {
  const Size window = out(picture);
  const auto place = [&](int side, int wanted) {
    return static_cast<int>(draws.below(static_cast<uint64_t>(side + 2 * params_.padding - wanted) + 1)) -
           params_.padding;
  };
  const int y = place(picture.height, window.height);
  return {place(picture.width, window.width), y};
}

std::optional<Warp> PadCropMoves::draw(Size picture, Draws& draws) const {
  const auto [x, y] = corner(picture, draws);
  return shifted(-x, -y);
}

}  // namespace penstock::image::geometry
