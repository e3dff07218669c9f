#include "stages/image/nearest_rows.h"

namespace penstock::image {
namespace {

int nearest(std::int64_t i, int inputs, int outputs) {
  return static_cast<int>((2 * i + 1) * inputs / (2 * std::int64_t{outputs}));
}

}  // namespace

void NearestRows::start(const View& view, std::uint8_t* out) {
  view_ = view;
  out_ = out;
  next_ = 0;
  const Rect &region = view.region, &window = view.window;
  const int left = nearest(window.x, region.width, view.full.width);
  const int right = nearest(window.x + window.width - 1, region.width, view.full.width);
  const int top = nearest(window.y, region.height, view.full.height);
  const int bottom = nearest(window.y + window.height - 1, region.height, view.full.height);
  source_ = {region.x + left, region.y + top, right - left + 1, bottom - top + 1};
  columns_.clear();
  for (int x = 0; x < window.width; ++x)
    columns_.push_back(nearest(window.x + x, region.width, view.full.width) - left);
}

void NearestRows::row(int y, const std::uint8_t* values) {
  if (y == 0) next_ = 0;
  const Rect& window = view_.window;
  const int stored = y + source_.y - view_.region.y;
  while (next_ < window.height && nearest(window.y + next_, view_.region.height, view_.full.height) == stored) {
    std::uint8_t* to = out_ + std::ptrdiff_t{next_} * window.width;
    for (const int column : columns_) *to++ = values[column];
    ++next_;
  }
}

}  // namespace penstock::image
