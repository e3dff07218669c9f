// The fourteen operations that RandAugment and TrivialAugment choose from, each by one magnitude.
#pragma once

#include <cstdint>

#include "stages/image/geometry/warp_pixels.h"

namespace penstock::image::policy {

/// In the order in which torchvision 0.26 lists them.
enum class Operation : std::uint8_t {
  kIdentity,
  kShearX,  ///< by the tangent, about the top left corner
  kShearY,
  kTranslateX,  ///< pixels, the fraction dropped
  kTranslateY,
  kRotate,      ///< degrees, counterclockwise
  kBrightness,  ///< this and the next three by the factor 1 + magnitude
  kColour,
  kContrast,
  kSharpness,
  kPosterise,  ///< bits that stay
  kSolarise,   ///< threshold
  kAutocontrast,
  kEqualise,
};
inline constexpr int kOperations = 14;

/// Whether half of the draws turn the magnitude's sign.
bool is_signed(Operation operation);

/// Memory beside the picture. One a thread.
struct PolicyScratch {
  geometry::WarpScratch warp;
  augment::RowScratch rows;
};

/// One operation on an RGB picture, in place. `interpolation` and `fill` are of those that move it.
struct Look {
  geometry::Interpolation interpolation = geometry::Interpolation::kNearest;
  Colour fill{};
};
void apply(Operation operation, double magnitude, augment::PixelView picture, const Look& look, PolicyScratch& scratch);

/// What PolicyScratch grows to for such pictures.
std::uint64_t policy_scratch_bytes(int width, int height);

/// How large a magnitude is: number `bin` of `bins` from `from` to `to`, evenly, in f32 as torch.linspace has it; at least two bins.
float step_between(float from, float to, int bin, int bins);

}  // namespace penstock::image::policy
