// Stage image.grayscale: pictures without colour.
#pragma once

#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// Makes r = g = b = luma with probability `p`; the picture keeps three channels.
class Grayscale final : public PixelStage {
 public:
  struct Params {
    double p = 0.1;
    static void describe(ParamTable<Params>& t) {
      t.add("p", &Params::p, "probability that a picture loses its colour", in_range(0, 1));
    }
  };
  explicit Grayscale(Params params) : PixelStage("image.grayscale", params.p) {}

 private:
  void change(PixelView picture, Draws&, Scratch&) const override { grayscale(picture); }
};

}  // namespace penstock::image::augment
