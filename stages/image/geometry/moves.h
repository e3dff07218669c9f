// The moves that recipes name: random affine and perspective maps, mirroring, and crops of a padded picture.
#pragma once

#include <array>
#include <vector>

#include "engine/graph/params.h"
#include "stages/image/augment/pixel_stage.h"
#include "stages/image/geometry/move.h"
#include "stages/image/geometry/warp_pixels.h"

namespace penstock::image::geometry {

/// torchvision's RandomAffine: about the picture's middle, translation in whole pixels.
class AffineMoves final : public Move {
 public:
  struct Params {
    std::vector<double> degrees = {0};
    std::array<double, 2> translate = {0, 0};
    std::array<double, 2> scale = {1, 1};
    std::vector<double> shear = {0};
    double p = 1;

    template <class P>
    static void describe(ParamTable<P>& t) {
      t.add("degrees", &Params::degrees, "turn, clockwise: v: from -v to v; or [low, high]", in_range(-360, 360));
      t.add("translate", &Params::translate, "share of width and of height that it is moved by at most",
            in_range(0, 1));
      t.add("scale", &Params::scale, "factor of size, drawn between these", in_range(0.01, 100));
      t.add("shear", &Params::shear,
            "degrees: v: along x from -v to v; [low, high]: along x; [x low, x high, y low, y high]",
            in_range(-80, 80));
      t.add("p", &Params::p, "probability that a picture is moved", in_range(0, 1));
    }
  };
  static constexpr const char* kName = "image.affine";
  static constexpr Interpolation kInterpolation = Interpolation::kNearest;  // torchvision's
  static constexpr const char* kBoxesName = "image.affine-boxes";

  /// Throws Error kUsage for a range that is none.
  explicit AffineMoves(const Params& params);
  /// Draws p, angle, two shifts, scale and two shears: always as many.
  std::optional<Warp> draw(Size picture, Draws& draws) const override;

 private:
  augment::Span degrees_, scale_, shear_x_, shear_y_;
  std::array<double, 2> translate_;
  double p_;
};

/// torchvision's RandomPerspective: each corner moves inwards by up to distortion_scale of half a side.
class PerspectiveMoves final : public Move {
 public:
  struct Params {
    double distortion_scale = 0.5;
    double p = 0.5;

    template <class P>
    static void describe(ParamTable<P>& t) {
      t.add("distortion_scale", &Params::distortion_scale, "share of half a side that a corner moves by at most",
            in_range(0, 1));
      t.add("p", &Params::p, "probability that a picture is moved", in_range(0, 1));
    }
  };
  static constexpr const char* kName = "image.perspective";
  static constexpr Interpolation kInterpolation = Interpolation::kBilinear;
  static constexpr const char* kBoxesName = "image.perspective-boxes";

  explicit PerspectiveMoves(const Params& params) : params_(params) {}
  std::optional<Warp> draw(Size picture, Draws& draws) const override;

 private:
  Params params_;
};

/// The draws of image.flip.
class FlipMoves final : public Move {
 public:
  struct Params {
    float p = 0.5f;

    template <class P>
    static void describe(ParamTable<P>& t) {
      t.add("p", &Params::p, "probability that boxes are mirrored, as image.flip has it", in_range(0, 1));
    }
  };
  static constexpr const char* kBoxesName = "image.flip-boxes";

  explicit FlipMoves(const Params& params) : params_(params) {}
  std::optional<Warp> draw(Size picture, Draws& draws) const override;

 private:
  Params params_;
};

/// torchvision's RandomCrop with padding: a window of `size` (of the picture's own where that is 0) anywhere in the picture with `padding`
/// pixels more on each side.
class PadCropMoves final : public Move {
 public:
  struct Params {
    int padding = 4;
    std::array<int, 2> size = {0, 0};

    template <class P>
    static void describe(ParamTable<P>& t) {
      t.add("padding", &Params::padding, "pixels put around the picture before it is cropped", in_range(0, 4096));
      t.add("size", &Params::size, "pixels that come out: one side of a square, or [height, width]; 0: as went in",
            in_range(0, 16384));
    }
  };
  static constexpr const char* kBoxesName = "image.pad-crop-boxes";

  explicit PadCropMoves(const Params& params) : params_(params) {}
  /// The window's corner in the picture, from -padding on.
  std::array<int, 2> corner(Size picture, Draws& draws) const;
  std::optional<Warp> draw(Size picture, Draws& draws) const override;
  /// Throws Error kUsage where the window is larger than the padded picture.
  Size out(Size picture) const override;

 private:
  Params params_;
};

}  // namespace penstock::image::geometry
