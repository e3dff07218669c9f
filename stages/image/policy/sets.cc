#include "stages/image/policy/sets.h"

#include <cmath>

#include "engine/base/error.h"

namespace penstock::image::policy {
namespace {

Operation draw_operation(Draws& draws) { return static_cast<Operation>(draws.below(kOperations)); }

double signed_by(Draws& draws, Operation operation, double magnitude) {
  const bool turns = draws.below(2) == 1;
  return turns && is_signed(operation) ? -magnitude : magnitude;
}

// 8 bits at bin 0, `fewer` less at the last.
double posterise_bits(int bin, int bins, int fewer) {
  const float width = static_cast<float>((bins - 1) / static_cast<double>(fewer));
  return 8 - std::nearbyint(static_cast<float>(bin) / width);
}

}  // namespace

double rand_magnitude(Operation operation, int bin, int bins, int width, int height) {
  const auto upto = [&](double most) { return step_between(0, static_cast<float>(most), bin, bins); };
  switch (operation) {
    case Operation::kShearX:
    case Operation::kShearY: return upto(0.3);
    case Operation::kTranslateX: return upto(150.0 / 331.0 * width);
    case Operation::kTranslateY: return upto(150.0 / 331.0 * height);
    case Operation::kRotate: return upto(30);
    case Operation::kPosterise: return posterise_bits(bin, bins, 4);
    case Operation::kSolarise: return step_between(255, 0, bin, bins);
    default: return upto(0.9);
  }
}

double trivial_wide_magnitude(Operation operation, int bin, int bins) {
  const auto upto = [&](float most) { return step_between(0, most, bin, bins); };
  switch (operation) {
    case Operation::kTranslateX:
    case Operation::kTranslateY: return upto(32);
    case Operation::kRotate: return upto(135);
    case Operation::kPosterise: return posterise_bits(bin, bins, 6);
    case Operation::kSolarise: return step_between(255, 0, bin, bins);
    default: return upto(0.99f);
  }
}

RandAugment::RandAugment(const Params& params) : PixelStage("image.rand-augment", params.p), params_(params) {
  if (params.magnitude >= params.bins)
    throw Error(Code::kUsage, "image.rand-augment: magnitude is " + std::to_string(params.magnitude) +
                                  ", and there are " + std::to_string(params.bins) + " bins")
        .hint("it is a number of a bin, 0 to " + std::to_string(params.bins - 1));
}

void RandAugment::change(augment::PixelView picture, Draws& draws, Scratch& scratch) const {
  for (int i = 0; i < params_.num_ops; ++i) {
    const Operation operation = draw_operation(draws);
    const double size = rand_magnitude(operation, params_.magnitude, params_.bins, picture.width, picture.height);
    apply(operation, signed_by(draws, operation, size), picture, params_.look(), scratch.get<PolicyScratch>());
  }
}

TrivialAugmentWide::TrivialAugmentWide(const Params& params)
    : PixelStage("image.trivial-augment-wide", params.p), params_(params) {}

void TrivialAugmentWide::change(augment::PixelView picture, Draws& draws, Scratch& scratch) const {
  const Operation operation = draw_operation(draws);
  const auto bin = static_cast<int>(draws.below(static_cast<uint64_t>(params_.bins)));
  const double size = trivial_wide_magnitude(operation, bin, params_.bins);
  apply(operation, signed_by(draws, operation, size), picture, params_.look(), scratch.get<PolicyScratch>());
}

}  // namespace penstock::image::policy
