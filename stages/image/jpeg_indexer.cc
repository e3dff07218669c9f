#include "stages/image/jpeg_indexer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "stages/image/exif.h"
#include "stages/image/jpeg/segment_index.h"
#include "stages/image/jpeg_markers.h"
#include "stages/image/libjpeg_errors.h"

namespace penstock::image {
namespace {

constexpr int kMostPixels = 65'536;  // wider than any JPEG

struct Rewriting {
  JumpingErrors errors{};
  jpeg_decompress_struct in{};
  jpeg_compress_struct out{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  unsigned interval = 0;

  Rewriting() { in.err = out.err = errors.start(); }
  ~Rewriting() {
    jpeg_destroy_decompress(&in);
    jpeg_destroy_compress(&out);
    std::free(bytes);
  }

  // Only trivially destructible locals here: longjmp must not skip a destructor.
  bool run(Bytes jpeg, int segment_pixels, int orientation) {
    if (setjmp(errors.jump)) return false;
    jpeg_create_decompress(&in);
    jpeg_create_compress(&out);
    jpeg_mem_src(&in, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size());
    jpeg_read_header(&in, TRUE);
    jvirt_barray_ptr* coefficients = jpeg_read_coefficients(&in);
    if (errors.base.num_warnings != 0) return false;  // writing begins to count anew
    jpeg_copy_critical_parameters(&in, &out);
    out.optimize_coding = TRUE;
    out.arith_code = FALSE;
    const int mcu_width = DCTSIZE * (in.num_components == 1 ? 1 : in.max_h_samp_factor);
    interval = static_cast<unsigned>(std::max(1, segment_pixels / mcu_width));
    out.restart_interval = interval;
    jpeg_mem_dest(&out, &bytes, &size);
    jpeg_write_coefficients(&out, coefficients);
    if (orientation != 1) write_orientation(orientation);
    jpeg_finish_compress(&out);
    jpeg_finish_decompress(&in);
    return errors.base.num_warnings == 0;
  }

  void write_orientation(int orientation);
};

void Rewriting::write_orientation(int orientation) {
  const std::vector<std::byte> exif = exif_of_orientation(orientation);
  jpeg_write_marker(&out, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                    static_cast<unsigned>(exif.size()));
}

// The first byte behind the header of the scan that begins at `at`.
std::size_t behind_scan_header(Bytes jpeg, std::size_t at) {
  return at + 2 + (std::to_integer<std::size_t>(jpeg[at + 2]) << 8 | std::to_integer<std::size_t>(jpeg[at + 3]));
}

std::optional<std::vector<std::byte>> with_segments(Bytes jpeg, int segment_pixels, int orientation) {
  Rewriting rewriting;
  if (!rewriting.run(jpeg, segment_pixels, orientation)) return std::nullopt;
  const Bytes plain(reinterpret_cast<const std::byte*>(rewriting.bytes), rewriting.size);
  const std::size_t scan = each_jpeg_segment(plain, [](unsigned, Bytes) { return true; });
  const std::size_t begin = behind_scan_header(plain, scan);
  const std::vector<std::uint8_t> index =
      index_segments({rewriting.bytes + begin, rewriting.size - begin}, rewriting.interval);
  if (index.empty()) return std::nullopt;

  const std::size_t length = index.size() + 2;
  std::vector<std::byte> all(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(scan));
  for (const std::size_t value : {std::size_t{0xFF}, std::size_t{SegmentIndex::kMarker}, length >> 8, length & 255})
    all.push_back(static_cast<std::byte>(value));
  const auto* payload = reinterpret_cast<const std::byte*>(index.data());
  all.insert(all.end(), payload, payload + index.size());
  all.insert(all.end(), plain.begin() + static_cast<std::ptrdiff_t>(scan), plain.end());
  return all;
}

}  // namespace

std::optional<std::vector<std::byte>> index_jpeg(Bytes jpeg, const IndexedJpegOptions& options) {
  const int orientation = jpeg_orientation(jpeg);
  for (int pixels = options.segment_pixels; pixels < 2 * kMostPixels; pixels *= 2) {
    auto indexed = with_segments(jpeg, pixels, orientation);
    if (!indexed) return std::nullopt;
    if (static_cast<double>(indexed->size()) <= (1 + options.growth) * static_cast<double>(jpeg.size())) return indexed;
  }
  return std::nullopt;
}

}  // namespace penstock::image
