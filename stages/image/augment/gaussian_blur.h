// Stage image.gaussian-blur: pictures out of focus.
#pragma once

#include <array>

#include "stages/image/augment/blur.h"
#include "stages/image/augment/pixel_stage.h"

namespace penstock::image::augment {

/// Blurs with a sigma drawn from a range, with probability `p`.
class GaussianBlur final : public PixelStage {
 public:
  struct Params {
    int kernel_size = 23;
    std::array<double, 2> sigma = {0.1, 2.0};
    double p = 1;
    static void describe(ParamTable<Params>& t) {
      t.add("kernel_size", &Params::kernel_size, "side of the window in pixels, odd", in_range(1, kLargestBlur));
      t.add("sigma", &Params::sigma, "deviation in pixels, drawn between these", above_up_to(0, 1000));
      t.add("p", &Params::p, "probability that a picture is blurred", in_range(0, 1));
    }
  };
  /// Throws Error kUsage for an even window or a sigma of [high, low].
  explicit GaussianBlur(Params params);

 private:
  void change(PixelView picture, Draws& draws, Scratch& scratch) const override {
    gaussian_blur(picture, side_, sigma_.draw(draws), scratch.get<BlurScratch>());
  }
  uint64_t scratch_bytes(int width, int height) const override { return blur_scratch_bytes(width, height, side_); }

  int side_;
  Span sigma_;
};

}  // namespace penstock::image::augment
