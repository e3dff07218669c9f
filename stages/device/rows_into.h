// Rows of a decoder into memory without gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "stages/image/pixels.h"

namespace penstock::device {

/// Writes a whole picture, u8 (height, width, 3), to `rgb`, which must hold it.
class RowsInto final : public image::RowSink {
 public:
  RowsInto(uint8_t* rgb, int width) : rgb_(rgb), stride_(size_t{3} * static_cast<size_t>(width)) {}
  void row(int y, const uint8_t* rgb) override { std::memcpy(rgb_ + static_cast<size_t>(y) * stride_, rgb, stride_); }

 private:
  uint8_t* rgb_;
  size_t stride_;
};

}  // namespace penstock::device
