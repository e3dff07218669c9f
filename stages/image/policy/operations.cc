#include "stages/image/policy/operations.h"

#include <cmath>

#include "stages/image/augment/colour_ops.h"

namespace penstock::image::policy {

using namespace geometry;

bool is_signed(Operation operation) { return operation >= Operation::kShearX && operation <= Operation::kSharpness; }

void apply(Operation operation, double magnitude, PixelView picture, const Look& look, PolicyScratch& scratch) {
  const auto warp = [&](const Warp& how) { warp_picture(picture, how, look.interpolation, look.fill, scratch.warp); };
  switch (operation) {
    case Operation::kIdentity: return;
    case Operation::kShearX: return warp(sheared(magnitude, 0));
    case Operation::kShearY: return warp(sheared(0, magnitude));
    case Operation::kTranslateX: return warp(shifted(std::trunc(magnitude), 0));
    case Operation::kTranslateY: return warp(shifted(0, std::trunc(magnitude)));
    case Operation::kRotate:
      return warp(affine({.angle = -magnitude, .centre = {0.5 * picture.width, 0.5 * picture.height}}));
    case Operation::kBrightness: return augment::brightness(picture, 1 + magnitude);
    case Operation::kColour: return augment::saturation(picture, 1 + magnitude);
    case Operation::kContrast: return augment::contrast(picture, 1 + magnitude);
    case Operation::kSharpness: return augment::sharpness(picture, 1 + magnitude, scratch.rows);
    case Operation::kPosterise: return augment::posterise(picture, static_cast<int>(magnitude));
    case Operation::kSolarise: return augment::solarise(picture, static_cast<int>(std::ceil(magnitude)));
    case Operation::kAutocontrast: return augment::autocontrast(picture);
    case Operation::kEqualise: return augment::equalise(picture);
  }
}

std::uint64_t policy_scratch_bytes(int width, int height) {
  constexpr std::uint64_t kSharpnessRows = 4;
  return warp_scratch_bytes(width, height, 3) + kSharpnessRows * 3 * static_cast<std::uint64_t>(width + 64);
}

float step_between(float from, float to, int bin, int bins) {
  const float step = (to - from) / static_cast<float>(bins - 1);
  return bin < bins / 2 ? from + step * static_cast<float>(bin) : to - step * static_cast<float>(bins - 1 - bin);
}

}  // namespace penstock::image::policy
