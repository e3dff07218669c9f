#include "stages/image/exif.h"

#include <cstring>

#include "stages/image/jpeg_markers.h"

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
  int orientation = 1;
  each_jpeg_segment(jpeg, [&](unsigned marker, Bytes segment) {
    const bool is_exif = marker == 0xE1 && starts_with(segment, "Exif\0", 5) && segment.size() > 6;
    if (is_exif) orientation = tiff_orientation(segment.subspan(6));
    return !is_exif;
  });
  return orientation;
}

std::vector<std::byte> exif_of_orientation(int orientation) {
  const unsigned char bytes[] = {'E', 'x', 'i',  'f',  0, 0, 'I', 'I', '*', 0, 8,
                                 0,   0,   0,  // TIFF, its directory at 8
                                 1,   0,   0x12, 0x01, 3, 0, 1,   0,   0,   0, static_cast<unsigned char>(orientation),
                                 0,   0,   0,    0,    0, 0, 0};
  const auto* data = reinterpret_cast<const std::byte*>(bytes);
  return {data, data + sizeof bytes};
}

}  // namespace penstock::image
