#include "stages/image/orientation.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace penstock::image {

Header Orientation::displayed(Header stored) const {
  if (swaps) std::swap(stored.width, stored.height);
  return stored;
}

Rect Orientation::stored(const Rect& crop, const Header& stored) const {
  Rect r = crop;
  if (swaps) {
    std::swap(r.x, r.y);
    std::swap(r.width, r.height);
  }
  if (mirrors_x) r.x = stored.width - r.x - r.width;
  if (mirrors_y) r.y = stored.height - r.y - r.height;
  return r;
}

void TurnedRows::start(const Rect& crop) {
  width_ = crop.width;
  height_ = crop.height;
  pixels_.resize(std::max(pixels_.size(), static_cast<std::size_t>(width_) * height_ * 3));
}

void TurnedRows::row(int y, const std::uint8_t* rgb) {
  const std::size_t bytes = static_cast<std::size_t>(width_) * 3;
  std::memcpy(pixels_.data() + y * bytes, rgb, bytes);
}

void TurnedRows::hand_on(const Orientation& orientation, RowSink& rows) {
  const int width = orientation.swaps ? height_ : width_, height = orientation.swaps ? width_ : height_;
  line_.resize(std::max(line_.size(), static_cast<std::size_t>(width) * 3 + kRowPadding));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      int from_x = orientation.swaps ? y : x, from_y = orientation.swaps ? x : y;
      if (orientation.mirrors_x) from_x = width_ - 1 - from_x;
      if (orientation.mirrors_y) from_y = height_ - 1 - from_y;
      std::memcpy(line_.data() + x * 3, pixels_.data() + (static_cast<std::size_t>(from_y) * width_ + from_x) * 3, 3);
    }
    rows.row(y, line_.data());
  }
}

}  // namespace penstock::image
