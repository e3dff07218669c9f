// Stage image.erase: a rectangle of the picture is lost (random erasing, cutout).
#pragma once

#include <array>
#include <optional>

#include "stages/image/augment/pixel_stage.h"
#include "stages/image/pixels.h"

namespace penstock::image::augment {

/// What is written where a picture is erased: a colour, or noise (each value uniform from 0 to 255).
struct Fill {
  bool random = false;
  std::array<int, 3> colour = {0, 0, 0};
};

/// The rectangle that random erasing takes (Zhong et al. 2020, arXiv 1708.04896; torchvision's RandomErasing): an area
/// and, on a logarithmic scale, a ratio height / width are drawn up to ten times until the rectangle is smaller than the
/// picture both ways; nothing where none is.
std::optional<Rect> erased_part(int width, int height, const std::array<double, 2>& scale,
                                const std::array<double, 2>& ratio, Draws& draws);

/// The part inside the picture of a square whose centre is any pixel (DeVries and Taylor 2017, arXiv 1708.04552).
Rect cutout_part(int width, int height, int side, Draws& draws);

/// Fills `part`, which lies inside the picture; `draws` is for noise.
void fill(PixelView picture, const Rect& part, const Fill& with, Draws& draws);

/// Erases one rectangle of a picture with probability `p`.
class Erase final : public PixelStage {
 public:
  struct Params {
    std::array<double, 2> scale = {0.02, 0.33}, ratio = {0.3, 3.3};
    int side = 0;
    Fill value;
    double p = 0.5;
    static void describe(ParamTable<Params>& t);
  };
  /// Throws Error kUsage for [high, low].
  explicit Erase(Params params);

  /// The rectangle that is lost of a picture of this size; behind the draw for p.
  std::optional<Rect> part(int width, int height, Draws& draws) const;

 private:
  void change(PixelView picture, Draws& draws, Scratch& scratch) const override;

  Params params_;
};

}  // namespace penstock::image::augment

namespace penstock {

/// A number, three numbers, or "random".
template <>
struct ParamCodec<image::augment::Fill> {
  static std::string one() { return "a number, an array of 3 numbers or \"random\""; }
  static std::string many() { return "fills"; }
  static image::augment::Fill read(const Value& value, const ParamRules& rules, const ParamSite& site);
  static std::optional<Value> write(const image::augment::Fill& fill, const ParamRules& rules);
};

}  // namespace penstock
