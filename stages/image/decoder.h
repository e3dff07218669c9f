// What a decoder of pictures promises: header first, then the rows of a crop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/error.h"
#include "stages/image/pixels.h"

namespace penstock::image {

/// Pillow's limit before it speaks of a decompression bomb: 1 GiB / 4 / 3 * 2 pixels.
inline constexpr std::int64_t kMaxPixels = 178'956'970;

/// The longest side of any picture: JPEG's own limit, kept for PNG so that filters and rows stay of bounded size.
inline constexpr int kMaxSide = 65'535;

/// What a picture may take before it is refused; whoever wants more says so.
struct DecodeLimits {
  std::int64_t max_pixels = kMaxPixels;
  /// Bytes that are held while it is decoded: little for most pictures, the whole picture (2 to 6 bytes a pixel) for progressive JPEGs
  /// and interlaced PNGs.
  std::uint64_t max_scratch = std::uint64_t{256} << 20;
};

/// For reading the header of a picture that another stage decodes, and refuses where it is too large.
inline constexpr DecodeLimits kAnySize{.max_pixels = INT64_MAX, .max_scratch = UINT64_MAX};

/// What stays with a decoder between pictures, at most.
inline constexpr std::size_t kKeptScratch = 8u << 20;

/// What a header says. Sizes are as stored; see orientation.h for how they are displayed.
struct Header {
  int width = 0;
  int height = 0;
  int components = 0;        ///< channels as stored: 1 grey, 2 grey + alpha, 3, 4
  bool progressive = false;  ///< progressive JPEG or interlaced PNG: decoded as a whole before the first row comes
  int most_shrink = 1;       ///< the largest `shrink` that decode_shrunk() takes: 1 or 2
  int orientation = 1;       ///< EXIF, 1 to 8; 1 where there is none. Decoders say it and do not apply it
};

/// Decodes one picture after the other; keeps its buffers between them, so make one for each thread. No two threads
/// at once. Whatever the bytes are, the answer is a Fault or a picture, in time and memory bounded by the limits.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Reads the header of `bytes`, which must stay until decode() has returned.
  virtual Fault open(Bytes bytes, const DecodeLimits& limits) = 0;
  /// Of the picture opened last; meaningless after a fault.
  virtual const Header& header() const = 0;
  /// Hands the rows of `crop` (inside the header's width and height, not empty) as RGB to `rows`, once after each
  /// open(). On a fault, rows handed over before are worthless.
  /// Whether there is a fault is decided from all of the bytes, so the rest of the picture is gone through as well;
  /// `verified` says that this was done before (by `pack`): then it stops behind the crop. The pixels are the same.
  virtual Fault decode(const Rect& crop, bool verified, RowSink& rows) = 0;
  /// The same of the picture made `shrink` times smaller (up to header().most_shrink; sides rounded up), by a shorter inverse
  /// DCT: `crop` is in pixels of that. Other pixels than resizing by the same factor would give.
  virtual Fault decode_shrunk(const Rect& crop, int shrink, bool verified, RowSink& rows) {
    PENSTOCK_CHECK(shrink == 1);
    return decode(crop, verified, rows);
  }
};

}  // namespace penstock::image
