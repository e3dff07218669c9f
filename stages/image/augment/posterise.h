// Stage image.posterise: fewer levels a channel.
#pragma once

#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// Keeps the highest `bits` of each value with probability `p`.
class Posterise final : public PixelStage {
 public:
  struct Params {
    int bits = 4;
    double p = 0.5;
    static void describe(ParamTable<Params>& t) {
      t.add("bits", &Params::bits, "bits of each value that stay", in_range(0, 8));
      t.add("p", &Params::p, "probability that a picture is posterised", in_range(0, 1));
    }
  };
  explicit Posterise(Params params) : PixelStage("image.posterise", params.p), bits_(params.bits) {}

 private:
  void change(PixelView picture, Draws&, Scratch&) const override { posterise(picture, bits_); }

  int bits_;
};

}  // namespace penstock::image::augment
