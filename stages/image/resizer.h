// The fast resize: rows in, finished rows out, nothing in between but a few narrow rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stages/image/pixels.h"
#include "stages/image/resize_kernels.h"
#include "stages/image/resize_taps.h"
#include "stages/image/view.h"

namespace penstock::image {

/// Takes the rows of a picture's part and writes what a View shows of it straight into its place, each pixel once.
/// Each row is narrowed as it comes (horizontal pass) into a ring as high as the vertical filter; an output row is
/// written as soon as its last input has come. Byte for byte resize_reference(), hence Pillow's BILINEAR with
/// reducing_gap=None, on every target that Highway picks at run time.
///
///   resizer.start(view, pixels, width * 3);
///   decoder.decode(resizer.source(), verified, resizer);
///
/// Keeps its buffers between pictures: one for each thread.
class Resizer final : public RowSink {
 public:
  /// `out`: u8 (window.height, window.width, 3), rows `stride` bytes apart, written until the last row() call.
  void start(const View& view, std::uint8_t* out, std::size_t stride);
  /// The part of the picture whose rows are wanted, all of them and in order.
  const Rect& source() const { return source_; }
  void row(int y, const std::uint8_t* rgb) override;

 private:
  Rect source_;
  ResizeTaps across_, down_;
  PixelTaps pixel_taps_;
  std::vector<std::uint8_t> ring_;
  std::size_t ring_stride_ = 0;
  int ring_rows_ = 0;
  std::vector<const std::uint8_t*> inputs_;  // of one output row
  int next_ = 0;                             // output row
  std::uint8_t* out_ = nullptr;
  std::size_t stride_ = 0;
};

}  // namespace penstock::image
