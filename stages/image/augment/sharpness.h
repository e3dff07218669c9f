// Stage image.sharpness: blurred or sharpened by a 3x3 filter.
#pragma once

#include "stages/image/augment/colour_kernels.h"
#include "stages/image/augment/colour_ops.h"
#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// Moves a picture away from its smoothed self (factor > 1) or towards it (< 1) with probability `p`.
class Sharpness final : public PixelStage {
 public:
  struct Params {
    std::vector<double> factor = {2};
    double p = 0.5;
    static void describe(ParamTable<Params>& t) {
      t.add("factor", &Params::factor, "0 smooth, 1 as it is, 2 sharpened; a number or [low, high] to draw from",
            at_least(0));
      t.add("p", &Params::p, "probability that a picture is changed", in_range(0, 1));
    }
  };
  explicit Sharpness(Params params)
      : PixelStage("image.sharpness", params.p), factor_(span_of(params.factor, "factor", 0, 1000)) {}

 private:
  void change(PixelView picture, Draws& draws, Scratch& scratch) const override {
    sharpness(picture, factor_.draw(draws), scratch.get<RowScratch>());
  }
  uint64_t scratch_bytes(int width, int) const override { return 3 * (3 * uint64_t(width) + kSharpenPadding) + 64; }

  Span factor_;
};

}  // namespace penstock::image::augment
