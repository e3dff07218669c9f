// What kind of JPEG it is, by the segments in front of its first scan.
#pragma once

#include <array>
#include <optional>

#include "stages/image/pixels.h"

namespace penstock::image {

/// As ITU-T T.81 B.2 has it. Read without a decoder, in about a microsecond, to see who could decode it.
struct JpegFrame {
  struct Component {
    int id = 0, across = 0, down = 0;  ///< sampling factors, 1 to 4 where they make sense
  };
  int marker = 0;  ///< 0xC0 baseline, 0xC1 extended, 0xC2 progressive, 0xC9 arithmetic, ...
  int precision = 0;
  int width = 0, height = 0;
  int components = 0;
  std::array<Component, 4> component;  ///< the first four
  bool has_huffman_tables = false;     ///< MJPEG leaves them out
  std::optional<int> adobe_transform;  ///< 0: RGB or CMYK as it is, 1: YCbCr, 2: YCCK
  int scanned = 0;                     ///< components of the first scan
};

/// Nothing where no scan, or no frame of at least one component, comes. Never fails.
std::optional<JpegFrame> read_jpeg_frame(Bytes jpeg);

}  // namespace penstock::image
