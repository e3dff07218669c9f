// Stage image.equalise: flat histograms.
#pragma once

#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// Flattens the histogram of each channel with probability `p`.
class Equalise final : public PixelStage {
 public:
  struct Params {
    double p = 0.5;
    static void describe(ParamTable<Params>& t) {
      t.add("p", &Params::p, "probability that a picture has its histograms flattened", in_range(0, 1));
    }
  };
  explicit Equalise(Params params) : PixelStage("image.equalise", params.p) {}

 private:
  void change(PixelView picture, Draws&, Scratch&) const override { equalise(picture); }
};

}  // namespace penstock::image::augment
