#include "stages/image/augment/pixel_stage.h"

#include "engine/base/error.h"
#include "stages/image/pictures.h"

namespace penstock::image::augment {

Bound PixelStage::bind(const Schema& in) const {
  const Field& pixels = require_pixels(in, name_, true);
  const auto& shape = pixels.shape;
  const auto height = static_cast<int>(shape[shape.size() - 3]), width = static_cast<int>(shape[shape.size() - 2]);
  return {.reads = {"pixels"}, .writes = {pixels}, .draws = true, .scratch_bytes = scratch_bytes(width, height)};
}

Outcome PixelStage::run(RecordView& record, Draws& draws, Scratch& scratch) const {
  each_picture(record.out(0), [&](std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::int64_t) {
    const PixelView picture{pixels, static_cast<int>(width), static_cast<int>(height), std::ptrdiff_t{3} * width};
    if (draws.bernoulli(p_)) change(picture, draws, scratch);
  });
  return Outcome::ok();
}

Span span_of(const std::vector<double>& values, const std::string& what, double least, double most) {
  const bool counts = values.size() == 1 || values.size() == 2;
  const Span span = counts ? Span{values.front(), values.back()} : Span{};
  if (!counts || span.low > span.high || !(span.low >= least) || !(span.high <= most))
    throw Error(Code::kUsage, what + " is a number or [low, high]")
        .hint("low <= high, and both from " + Value(least).text() + " to " + Value(most).text());
  return span;
}

}  // namespace penstock::image::augment
