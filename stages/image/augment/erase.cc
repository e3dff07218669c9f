#include "stages/image/augment/erase.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "stages/image/log_scale.h"

namespace penstock::image::augment {

std::optional<Rect> erased_part(int width, int height, const std::array<double, 2>& scale,
                                const std::array<double, 2>& ratio, Draws& draws) {
  const double log_low = portable_log(ratio[0]), log_high = portable_log(ratio[1]);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = draws.uniform(scale[0], scale[1]) * width * height;
    const double aspect = portable_exp(draws.uniform(log_low, log_high));
    const double h = std::nearbyint(std::sqrt(area * aspect)), w = std::nearbyint(std::sqrt(area / aspect));
    if (h >= height || w >= width) continue;
    Rect part{0, 0, static_cast<int>(w), static_cast<int>(h)};
    part.y = static_cast<int>(draws.below(static_cast<uint64_t>(height - part.height + 1)));
    part.x = static_cast<int>(draws.below(static_cast<uint64_t>(width - part.width + 1)));
    return part;
  }
  return std::nullopt;
}

Rect cutout_part(int width, int height, int side, Draws& draws) {
  const int top = static_cast<int>(draws.below(static_cast<uint64_t>(height))) - side / 2;
  const int left = static_cast<int>(draws.below(static_cast<uint64_t>(width))) - side / 2;
  const int y0 = std::max(top, 0), y1 = std::min(top + side, height);
  const int x0 = std::max(left, 0), x1 = std::min(left + side, width);
  return {x0, y0, x1 - x0, y1 - y0};
}

void fill(PixelView picture, const Rect& part, const Fill& with, Draws& draws) {
  const int values = 3 * part.width;
  for (int y = 0; y < part.height; ++y) {
    std::uint8_t* row = picture.row(part.y + y) + std::ptrdiff_t{3} * part.x;
    if (with.random) {
      for (int i = 0; i < values; i += 4) {
        const uint32_t word = draws.next_u32();
        for (int k = i; k < std::min(i + 4, values); ++k) row[k] = static_cast<std::uint8_t>(word >> (8 * (k - i)));
      }
    } else if (y == 0) {
      for (int i = 0; i < values; ++i) row[i] = static_cast<std::uint8_t>(with.colour[static_cast<std::size_t>(i % 3)]);
    } else {
      std::memcpy(row, row - picture.stride, static_cast<std::size_t>(values));
    }
  }
}

void Erase::Params::describe(ParamTable<Params>& t) {
  t.add("scale", &Params::scale, "share of the picture that is erased, drawn between these", above_up_to(0, 1));
  t.add("ratio", &Params::ratio, "height over width of the rectangle, drawn between these", above_up_to(0, 1000));
  t.add("side", &Params::side,
        "above 0: cutout, a square of so many pixels that may lie partly outside; scale and "
        "ratio mean nothing then",
        in_range(0, 65535));
  t.add("value", &Params::value, "what is written: a grey, [r, g, b], or \"random\" for noise", in_range(0, 255));
  t.add("p", &Params::p, "probability that a part of a picture is erased", in_range(0, 1));
}

Erase::Erase(Params params) : PixelStage("image.erase", params.p), params_(params) {
  span_of({params.scale[0], params.scale[1]}, "scale", 0, 1);
  span_of({params.ratio[0], params.ratio[1]}, "ratio", 0, 1000);
}

std::optional<Rect> Erase::part(int width, int height, Draws& draws) const {
  return params_.side > 0 ? cutout_part(width, height, params_.side, draws)
                          : erased_part(width, height, params_.scale, params_.ratio, draws);
}

void Erase::change(PixelView picture, Draws& draws, Scratch&) const {
  if (const auto lost = part(picture.width, picture.height, draws)) fill(picture, *lost, params_.value, draws);
}

}  // namespace penstock::image::augment

namespace penstock {

using image::augment::Fill;

Fill ParamCodec<Fill>::read(const Value& value, const ParamRules& rules, const ParamSite& site) {
  if (const std::string* word = value.get_if<std::string>()) {
    if (*word != "random") fail_value(value, one(), rules, site);
    return {.random = true};
  }
  if (!value.is<ValueArray>()) {
    const int grey = ParamCodec<int>::read(value, rules, site);
    return {.colour = {grey, grey, grey}};
  }
  return {.colour = ParamCodec<std::array<int, 3>>::read(value, rules, site)};
}

std::optional<Value> ParamCodec<Fill>::write(const Fill& fill, const ParamRules& rules) {
  return fill.random ? Value("random") : ParamCodec<std::array<int, 3>>::write(fill.colour, rules);
}

}  // namespace penstock
