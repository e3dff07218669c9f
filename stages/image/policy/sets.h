// Stages image.rand-augment and image.trivial-augment-wide: operations chosen at random for each picture.
#pragma once

#include "stages/image/augment/pixel_stage.h"
#include "stages/image/geometry/move_pictures.h"
#include "stages/image/policy/operations.h"

namespace penstock::image::policy {

/// What both have.
struct SetParams {
  int bins = 31;
  geometry::Interpolation interpolation = geometry::Interpolation::kNearest;
  std::array<int, 3> fill = {0, 0, 0};
  double p = 1;

  template <class P>
  static void describe(ParamTable<P>& t) {
    t.add("bins", &SetParams::bins, "steps that a magnitude has", in_range(2, 1000));
    geometry::describe_look_up(t);
    t.add("p", &SetParams::p, "probability that a picture is changed", in_range(0, 1));
  }
  Look look() const { return {interpolation, colour_of(fill)}; }
};

/// Cubuk et al. 2020 (arXiv 1909.13719), as torchvision 0.26 has it: `num_ops` operations one after the other, each of the fourteen as
/// likely, all of one magnitude; half of the signed ones the other way. Draws two numbers an operation.
class RandAugment final : public augment::PixelStage {
 public:
  struct Params : SetParams {
    int num_ops = 2;
    int magnitude = 9;
    static void describe(ParamTable<Params>& t) {
      t.add("num_ops", &Params::num_ops, "operations a picture", in_range(1, 14));
      t.add("magnitude", &Params::magnitude, "how strong they are, 0 to bins - 1", in_range(0, 999));
      SetParams::describe(t);
    }
  };
  /// Throws Error kUsage for a magnitude that is no step of `bins`.
  explicit RandAugment(const Params& params);

 private:
  void change(augment::PixelView picture, Draws& draws, Scratch& scratch) const override;
  uint64_t scratch_bytes(int width, int height) const override { return policy_scratch_bytes(width, height); }

  Params params_;
};

/// Müller and Hutter 2021 (arXiv 2103.10158), as torchvision 0.26 has it: one operation, of a wide range of magnitudes. Draws three
/// numbers.
class TrivialAugmentWide final : public augment::PixelStage {
 public:
  struct Params : SetParams {
    static void describe(ParamTable<Params>& t) { SetParams::describe(t); }
  };
  explicit TrivialAugmentWide(const Params& params);

 private:
  void change(augment::PixelView picture, Draws& draws, Scratch& scratch) const override;
  uint64_t scratch_bytes(int width, int height) const override { return policy_scratch_bytes(width, height); }

  Params params_;
};

/// The magnitude, without its sign, that a set gives an operation on pictures `width` x `height`.
double rand_magnitude(Operation operation, int bin, int bins, int width, int height);
double trivial_wide_magnitude(Operation operation, int bin, int bins);

}  // namespace penstock::image::policy
