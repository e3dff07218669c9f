#include "stages/image/exif.h"

#include <cstring>

namespace penstock::image {
namespace {

constexpr std::size_t kEntryBytes = 12;  // tag, type, count, value

class TiffReader {
 public:
  TiffReader(Bytes bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}
  bool has(std::size_t at, std::size_t n) const { return at <= bytes_.size() && n <= bytes_.size() - at; }
  unsigned u16(std::size_t at) const {
    const unsigned a = byte(at), b = byte(at + 1);
    return big_endian_ ? a << 8 | b : b << 8 | a;
  }
  std::uint32_t u32(std::size_t at) const {
    const std::uint32_t a = u16(at), b = u16(at + 2);
    return big_endian_ ? a << 16 | b : b << 16 | a;
  }

 private:
  unsigned byte(std::size_t at) const { return std::to_integer<unsigned>(bytes_[at]); }
  Bytes bytes_;
  bool big_endian_;
};

bool starts_with(Bytes bytes, const char* text, std::size_t n) {
  return bytes.size() >= n && std::memcmp(bytes.data(), text, n) == 0;
}

}  // namespace

int tiff_orientation(Bytes tiff) {
  const bool big = starts_with(tiff, "MM\0*", 4);
  if (!big && !starts_with(tiff, "II*\0", 4)) return 1;
  const TiffReader reader(tiff, big);
  if (!reader.has(4, 4)) return 1;
  const std::size_t directory = reader.u32(4);
  if (!reader.has(directory, 2)) return 1;
  const unsigned entries = reader.u16(directory);
  for (unsigned i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (!reader.has(entry, kEntryBytes)) return 1;
    if (reader.u16(entry) != 0x0112) continue;
    const bool is_short = reader.u16(entry + 2) == 3;
    const std::uint32_t value = is_short ? reader.u16(entry + 8) : reader.u32(entry + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

int jpeg_orientation(Bytes jpeg) {
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(jpeg[at]); };
  std::size_t at = 2;  // behind SOI
  while (at + 4 <= jpeg.size()) {
    if (byte(at) != 0xFF) return 1;
    const unsigned marker = byte(at + 1);
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) return 1;  // scan, end
    const std::size_t length = byte(at + 2) << 8 | byte(at + 3);
    if (length < 2 || at + 2 + length > jpeg.size()) return 1;
    const Bytes segment = jpeg.subspan(at + 4, length - 2);
    if (marker == 0xE1 && starts_with(segment, "Exif\0", 5) && segment.size() > 6)
      return tiff_orientation(segment.subspan(6));
    at += 2 + length;
  }
  return 1;
}

}  // namespace penstock::image
