#include "stages/image/geometry/pad_crop.h"

#include <algorithm>
#include <cstring>

#include "stages/image/geometry/move_pictures.h"
#include "stages/image/pictures.h"

namespace penstock::image::geometry {

void cut_window(const PixelView& from, int x0, int y0, Size window, Border border, const Colour& fill,
                std::uint8_t* to) {
  const int inner_begin = std::clamp(-x0, 0, window.width);
  const int inner_end = std::clamp(from.width - x0, inner_begin, window.width);
  const int channels = from.channels;
  const auto put = [&](const std::uint8_t* pixel) {
    for (int c = 0; c < channels; ++c) *to++ = pixel[c];
  };
  for (int y = 0; y < window.height; ++y) {
    const int row = border_source(y0 + y, from.height, border);
    const auto outer = [&](int x) {
      const int column = border_source(x0 + x, from.width, border);
      put(row < 0 || column < 0 ? fill.data() : from.row(row) + std::ptrdiff_t{channels} * column);
    };
    for (int x = 0; x < inner_begin; ++x) outer(x);
    if (row < 0) {
      for (int x = inner_begin; x < inner_end; ++x) put(fill.data());
    } else if (inner_end > inner_begin) {
      const auto bytes = static_cast<std::size_t>(channels) * static_cast<std::size_t>(inner_end - inner_begin);
      std::memcpy(to, from.row(row) + std::ptrdiff_t{channels} * (x0 + inner_begin), bytes);
      to += bytes;
    }
    for (int x = inner_end; x < window.width; ++x) outer(x);
  }
}

int border_source(int i, int n, Border border) {
  if (i >= 0 && i < n) return i;
  switch (border) {
    case Border::kConstant: return -1;
    case Border::kEdge: return std::clamp(i, 0, n - 1);
    case Border::kReflect: {
      const int period = std::max(2 * (n - 1), 1), at = ((i % period) + period) % period;
      return std::min(at, period - at) % n;
    }
    case Border::kSymmetric: break;
  }
  const int at = ((i % (2 * n)) + 2 * n) % (2 * n);
  return std::min(at, 2 * n - 1 - at);
}

PadCrop::PadCrop(const Params& params) : moves_(params), border_(params.mode), fill_(colour_of(params.fill)) {}

Bound PadCrop::bind(const Schema& in) const {
  const Field& pixels = require_movable(in, "image.pad-crop");
  Field out = pixels;
  const std::size_t axes = out.shape.size();
  const Size window = moves_.out({static_cast<int>(out.shape[axes - 3]), static_cast<int>(out.shape[axes - 2])});
  out.shape[axes - 3] = window.height;
  out.shape[axes - 2] = window.width;
  return {.reads = {"pixels"}, .writes = {out}, .draws = true, .scratch_bytes = pixels.row_bytes() + 64};
}

Outcome PadCrop::run(RecordView& record, Draws& draws, Scratch& scratch) const {
  const FieldView in = record.in(0), out = record.out(0);
  auto* from = reinterpret_cast<std::uint8_t*>(in.data);
  if (in.data == out.data) {  // in place: from a copy
    auto* copy = scratch.get<RowScratch>().take<std::uint8_t>(in.bytes());
    std::memcpy(copy, from, in.bytes());
    from = copy;
  }
  const auto shape = in.shape();
  const auto height = static_cast<int>(shape[shape.size() - 3]), width = static_cast<int>(shape[shape.size() - 2]);
  each_picture(out, [&](std::uint8_t* to, std::int64_t out_height, std::int64_t out_width, std::int64_t channels) {
    const PixelView picture{from, width, height, channels * width, static_cast<int>(channels)};
    const auto [x, y] = moves_.corner({height, width}, draws);
    cut_window(picture, x, y, {static_cast<int>(out_height), static_cast<int>(out_width)}, border_, fill_, to);
    from += std::ptrdiff_t{width} * height * channels;
  });
  return Outcome::ok();
}

}  // namespace penstock::image::geometry
