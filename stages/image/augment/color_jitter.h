// Stage image.color-jitter: brightness, contrast, saturation and hue, each by chance.
#pragma once

#include <array>
#include <optional>

#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// What is drawn for one picture. Both are numbered brightness 0, contrast 1, saturation 2, hue 3.
struct JitterDraw {
  std::array<int, 4> order{0, 1, 2, 3};
  std::array<double, 4> factors{};
  std::array<bool, 4> done{};  ///< those that are not left out
};

/// Four operations in an order of their own for each picture, with factors drawn for each; those that are 0 are left
/// out. With probability `p`. Always draws nine numbers behind that for p: the order, and four factors of two words.
class ColorJitter final : public PixelStage {
 public:
  struct Params {
    std::vector<double> brightness = {0}, contrast = {0}, saturation = {0}, hue = {0};
    double p = 1;
    static void describe(ParamTable<Params>& t) {
      const char* factor = "v: a factor from max(0, 1 - v) to 1 + v; or [low, high]; 0: none";
      t.add("brightness", &Params::brightness, factor, at_least(0));
      t.add("contrast", &Params::contrast, factor, at_least(0));
      t.add("saturation", &Params::saturation, factor, at_least(0));
      t.add("hue", &Params::hue, "v: a turn from -v to v of the circle; or [low, high]; 0: none", in_range(-0.5, 0.5));
      t.add("p", &Params::p, "probability that a picture is changed", in_range(0, 1));
    }
  };
  /// Throws Error kUsage for a range that is none.
  explicit ColorJitter(Params params);

  /// Behind the draw for p.
  JitterDraw draw(Draws& draws) const;

 private:
  void change(PixelView picture, Draws& draws, Scratch& scratch) const override;

  std::array<std::optional<Span>, 4> spans_;  ///< brightness, contrast, saturation, hue
};

}  // namespace penstock::image::augment
