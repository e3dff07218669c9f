// Encodes pictures as JPEG: for `pack --resize/--quality` and for synthetic data sets. Not on the way of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::image {

/// Pixels to encode: u8 (height, width, channels), channels 1 (grey) or 3 (RGB), rows `stride` bytes apart
/// (0: without gaps). Borrowed.
struct PixelsToEncode {
  const std::uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  int channels = 3;
  std::size_t stride = 0;
};

enum class ChromaSampling { k444, k422, k420, k440, k411 };

struct JpegEncodeOptions {
  int quality = 90;  ///< 1 to 100, libjpeg's scale
  bool progressive = false;
  ChromaSampling sampling = ChromaSampling::k420;
  int orientation = 1;   ///< EXIF, 1 to 8: how the picture is to be turned when it is shown
  int restart_rows = 0;  ///< a restart marker every so many rows of MCUs; 0: none
};

/// The bytes of a baseline or progressive JPEG with optimised Huffman tables; the same bytes for the same input on any
/// machine. Throws Error(kUsage) for a size outside 1..65500, other channels, quality or orientation. Any thread.
std::vector<std::byte> encode_jpeg(const PixelsToEncode& pixels, const JpegEncodeOptions& options = {});

}  // namespace penstock::image
