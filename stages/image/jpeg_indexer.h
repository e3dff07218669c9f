// JPEGs rewritten so that a crop can be decoded alone: the same pixels, other entropy coding.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "stages/image/pixels.h"

namespace penstock::image {

struct IndexedJpegOptions {
  int segment_pixels = 64;  ///< width of a segment, about: MCUs between restart markers, times their width
  double growth = 0.03;     ///< the most that may be added to the bytes: segments are made longer to keep it
};

/// The same picture with a restart marker every few MCUs and a SegmentIndex of them, optimised Huffman tables, sequential where it was
/// progressive, and without metadata but the EXIF orientation. The coefficients are those of `jpeg`. It is an ordinary JPEG.
///
/// Nothing where libjpeg finds any fault or warning in it, where it holds coefficients that sequential JPEG cannot write, or where
/// the index would not fit or takes too much: then the bytes are to be kept as they are. Any thread.
std::optional<std::vector<std::byte>> index_jpeg(Bytes jpeg, const IndexedJpegOptions& options = {});

}  // namespace penstock::image
