#include "stages/image/row_fan.h"

#include <algorithm>

namespace penstock::image {

void RowFan::add(const Rect& crop, RowSink& rows) {
  if (takers_.empty()) {
    source_ = crop;
  } else {
    const int right = std::max(source_.x + source_.width, crop.x + crop.width);
    const int bottom = std::max(source_.y + source_.height, crop.y + crop.height);
    source_.x = std::min(source_.x, crop.x);
    source_.y = std::min(source_.y, crop.y);
    source_.width = right - source_.x;
    source_.height = bottom - source_.y;
  }
  takers_.push_back({crop, &rows});
}

void RowFan::row(int y, const std::uint8_t* rgb) {
  for (const Taker& taker : takers_) {
    const int own = source_.y + y - taker.crop.y;
    if (own >= 0 && own < taker.crop.height) taker.rows->row(own, rgb + (taker.crop.x - source_.x) * 3);
  }
}

}  // namespace penstock::image
