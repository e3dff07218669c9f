#include "stages/image/jpeg_frame.h"

#include <cstring>

#include "stages/image/jpeg_markers.h"

namespace penstock::image {
namespace {

constexpr unsigned kStartOfImage = 0xD8, kScan = 0xDA, kHuffmanTables = 0xC4, kAdobe = 0xEE;

// 0xC4, 0xC8 and 0xCC lie among the frames' markers and are none.
bool is_frame(unsigned marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

}  // namespace

std::optional<JpegFrame> read_jpeg_frame(Bytes jpeg) {
  const auto at = [](Bytes bytes, std::size_t i) { return std::to_integer<int>(bytes[i]); };
  if (jpeg.size() < 4 || at(jpeg, 0) != 0xFF || at(jpeg, 1) != static_cast<int>(kStartOfImage)) return std::nullopt;
  JpegFrame frame;
  const std::size_t end = each_jpeg_segment(jpeg, [&](unsigned marker, Bytes payload) {
    if (is_frame(marker) && payload.size() >= 6) {
      frame.marker = static_cast<int>(marker);
      frame.precision = at(payload, 0);
      frame.height = at(payload, 1) << 8 | at(payload, 2);
      frame.width = at(payload, 3) << 8 | at(payload, 4);
      frame.components = at(payload, 5);
      for (std::size_t c = 0; c < frame.component.size() && 9 + 3 * c <= payload.size(); ++c)
        frame.component[c] = {at(payload, 6 + 3 * c), at(payload, 7 + 3 * c) >> 4, at(payload, 7 + 3 * c) & 15};
    } else if (marker == kHuffmanTables) {
      frame.has_huffman_tables = true;
    } else if (marker == kAdobe && payload.size() >= 12 && std::memcmp(payload.data(), "Adobe", 5) == 0) {
      frame.adobe_transform = at(payload, 11);
    }
    return true;
  });
  if (end + 5 > jpeg.size() || at(jpeg, end) != 0xFF || at(jpeg, end + 1) != static_cast<int>(kScan))
    return std::nullopt;
  frame.scanned = at(jpeg, end + 4);
  if (frame.marker == 0 || frame.components < 1) return std::nullopt;
  return frame;
}

}  // namespace penstock::image
