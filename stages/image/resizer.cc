#include "stages/image/resizer.h"

#include <algorithm>

namespace penstock::image {

void Resizer::start(const View& view, std::uint8_t* out, std::size_t stride) {
  const auto [x, y] = make_taps(view, across_, down_);
  source_ = {x + across_.inputs_begin(), y + down_.inputs_begin(), across_.inputs_end() - across_.inputs_begin(),
             down_.inputs_end() - down_.inputs_begin()};
  pixel_taps_.make(across_, source_.width);
  ring_rows_ = *std::max_element(down_.count.begin(), down_.count.end());
  ring_stride_ = static_cast<std::size_t>(view.window.width) * 3 + kRowPadding;
  ring_.resize(std::max(ring_.size(), ring_stride_ * ring_rows_));
  inputs_.resize(static_cast<std::size_t>(ring_rows_));
  next_ = 0;
  out_ = out;
  stride_ = stride;
}

void Resizer::row(int y, const std::uint8_t* rgb) {
  if (y == 0) next_ = 0;
  narrow_row(pixel_taps_, rgb, ring_.data() + (y % ring_rows_) * ring_stride_);
  const int begin = down_.inputs_begin();
  while (next_ < down_.outputs() && down_.first[next_] + down_.count[next_] - 1 <= y + begin) {
    const int count = down_.count[next_];
    for (int t = 0; t < count; ++t)
      inputs_[t] = ring_.data() + ((down_.first[next_] - begin + t) % ring_rows_) * ring_stride_;
    blend_rows(inputs_.data(), down_.weights.data() + static_cast<std::size_t>(next_) * down_.stride, count,
               across_.outputs() * 3, out_ + static_cast<std::size_t>(next_) * stride_);
    ++next_;
  }
}

}  // namespace penstock::image
