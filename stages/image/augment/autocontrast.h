// Stage image.autocontrast: values stretched to the whole range.
#pragma once

#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// Stretches each channel to 0..255 with probability `p`.
class Autocontrast final : public PixelStage {
 public:
  struct Params {
    double p = 0.5;
    static void describe(ParamTable<Params>& t) {
      t.add("p", &Params::p, "probability that a picture is stretched to the whole range", in_range(0, 1));
    }
  };
  explicit Autocontrast(Params params) : PixelStage("image.autocontrast", params.p) {}

 private:
  void change(PixelView picture, Draws&, Scratch&) const override { autocontrast(picture); }
};

}  // namespace penstock::image::augment
