// Stage image.solarise: bright values inverted.
#pragma once

#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// Replaces values of at least `threshold` by 255 - value with probability `p`.
class Solarise final : public PixelStage {
 public:
  struct Params {
    int threshold = 128;
    double p = 0.5;
    static void describe(ParamTable<Params>& t) {
      t.add("threshold", &Params::threshold, "the least value that is inverted; 256: none", in_range(0, 256));
      t.add("p", &Params::p, "probability that a picture is solarised", in_range(0, 1));
    }
  };
  explicit Solarise(Params params) : PixelStage("image.solarise", params.p), threshold_(params.threshold) {}

 private:
  void change(PixelView picture, Draws&, Scratch&) const override { solarise(picture, threshold_); }

  int threshold_;
};

}  // namespace penstock::image::augment
