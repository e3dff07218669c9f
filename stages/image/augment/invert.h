// Stage image.invert: negatives.
#pragma once

#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// Replaces every value by 255 - value with probability `p`.
class Invert final : public PixelStage {
 public:
  struct Params {
    double p = 0.5;
    static void describe(ParamTable<Params>& t) {
      t.add("p", &Params::p, "probability that a picture turns into its negative", in_range(0, 1));
    }
  };
  explicit Invert(Params params) : PixelStage("image.invert", params.p) {}

 private:
  void change(PixelView picture, Draws&, Scratch&) const override { invert(picture); }
};

}  // namespace penstock::image::augment
