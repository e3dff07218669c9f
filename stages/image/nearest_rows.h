// The view of a mask: looked up, never averaged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stages/image/pixels.h"
#include "stages/image/view.h"

namespace penstock::image {

/// Takes the rows of a mask's part, u8 (width), and writes what a View shows of it: output i of an axis is input
/// floor((i + 1/2) * region / full), as Pillow's NEAREST has it, in integers. One for each thread.
class NearestRows final : public RowSink {
 public:
  /// `out`: u8 (window.height, window.width), written until the last row() call. The view's filter and shrink mean nothing here.
  void start(const View& view, std::uint8_t* out);
  /// The part of the mask whose rows are wanted, all of them and in order.
  const Rect& source() const { return source_; }
  void row(int y, const std::uint8_t* values) override;

 private:
  View view_;
  Rect source_;
  std::vector<int> columns_;  // by output, from the source's first
  int next_ = 0;              // output row
  std::uint8_t* out_ = nullptr;
};

}  // namespace penstock::image
