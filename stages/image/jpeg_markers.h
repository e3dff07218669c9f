// The segments of a JPEG's header, one after the other.
#pragma once

#include <cstddef>

#include "stages/image/pixels.h"

namespace penstock::image {

/// Calls `f(marker, payload)` for each marker segment in front of the first scan, until it returns false or the bytes make no
/// sense. `payload` is what follows the length. Never fails. Returns the place of the byte behind the last segment
/// gone through: a marker, where all is well.
template <class F>
std::size_t each_jpeg_segment(Bytes jpeg, F f) {
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(jpeg[at]); };
  std::size_t at = 2;  // behind SOI
  while (at + 4 <= jpeg.size() && byte(at) == 0xFF) {
    const unsigned marker = byte(at + 1);
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) break;  // scan, end
    const std::size_t length = byte(at + 2) << 8 | byte(at + 3);
    if (length < 2 || at + 2 + length > jpeg.size()) break;
    const Bytes payload = jpeg.subspan(at + 4, length - 2);
    at += 2 + length;
    if (!f(marker, payload)) break;
  }
  return at;
}

}  // namespace penstock::image
