#include "stages/image/augment/color_jitter.h"

#include <algorithm>

#include "engine/base/error.h"
#include "stages/image/augment/colour_ops.h"

namespace penstock::image::augment {
namespace {

constexpr double kLargestFactor = 1000;

// A single number spreads around the value that changes nothing, `none`, but not below `least`.
std::optional<Span> spread(const std::vector<double>& values, const std::string& what, double none, double least,
                           double most) {
  Span span = span_of(values, what, least, most);
  if (values.size() == 1) {
    if (span.low < 0)
      throw Error(Code::kUsage, what + " = v spreads to both sides, so v is at least 0").hint("or give [low, high]");
    span = {std::max(least, none - span.high), none + span.high};
  }
  return span == Span{none, none} ? std::nullopt : std::optional(span);
}

}  // namespace

ColorJitter::ColorJitter(Params params)
    : PixelStage("image.color-jitter", params.p),
      spans_{spread(params.brightness, "brightness", 1, 0, kLargestFactor),
             spread(params.contrast, "contrast", 1, 0, kLargestFactor),
             spread(params.saturation, "saturation", 1, 0, kLargestFactor), spread(params.hue, "hue", 0, -0.5, 0.5)} {}

JitterDraw ColorJitter::draw(Draws& draws) const {
  JitterDraw drawn;
  auto number = static_cast<int>(draws.below(24));  // of the permutation
  for (int left = 4; left > 1; number /= left--)
    std::swap(drawn.order[static_cast<std::size_t>(number % left)], drawn.order[static_cast<std::size_t>(left - 1)]);
  for (std::size_t i = 0; i < 4; ++i) {
    drawn.factors[i] = spans_[i].value_or(Span{}).draw(draws);
    drawn.done[i] = spans_[i].has_value();
  }
  return drawn;
}

void ColorJitter::change(PixelView picture, Draws& draws, Scratch&) const {
  const JitterDraw drawn = draw(draws);
  for (const int which : drawn.order) {
    const auto i = static_cast<std::size_t>(which);
    if (!drawn.done[i]) continue;
    switch (which) {
      case 0: brightness(picture, drawn.factors[i]); break;
      case 1: contrast(picture, drawn.factors[i]); break;
      case 2: saturation(picture, drawn.factors[i]); break;
      default: hue(picture, drawn.factors[i]); break;
    }
  }
}

}  // namespace penstock::image::augment
