#include <cstring>

#include "stages/image/nearest_rows.h"
#include "tests/fuzz/fuzz_pictures.h"
#include "tests/image/crc32.h"

namespace {

using namespace penstock;
using namespace penstock::fuzz;

/// Rows of a mask, u8 (width).
class MaskRows final : public image::RowSink {
 public:
  MaskRows(int width, int height) : width_(static_cast<std::size_t>(width)), values(width_ * height) {}
  void row(int y, const std::uint8_t* from) override { std::memcpy(values.data() + width_ * y, from, width_); }

 private:
  std::size_t width_;

 public:
  std::vector<std::uint8_t> values;
};

// A PNG as a mask: its view holds values of the whole mask only, each where it belongs.
void check_mask(image::Bytes bytes, Numbers& numbers) {
  static image::PngDecoder decoder(image::PngPixels::kNumber);
  if (decoder.open(bytes, kLimits)) return;
  const image::Header header = decoder.header();
  MaskRows whole(header.width, header.height);
  const image::Fault fault = decoder.decode({0, 0, header.width, header.height}, false, whole);
  image::View view{.region = {0, 0, header.width, header.height},
                   .full = {1 + numbers.below(90), 1 + numbers.below(90)}};
  view.window = {0, 0, 1 + numbers.below(view.full.width), 1 + numbers.below(view.full.height)};
  std::vector<std::uint8_t> seen(static_cast<std::size_t>(view.window.width) * view.window.height, 255);
  image::NearestRows rows;
  rows.start(view, seen.data());
  require(!decoder.open(bytes, kLimits));
  require(decoder.decode(rows.source(), false, rows).text() == fault.text());
  if (fault) return;
  for (int y = 0; y < view.window.height; ++y)
    for (int x = 0; x < view.window.width; ++x) {
      const std::int64_t column = (2 * std::int64_t{x} + 1) * header.width / (2 * view.full.width);
      const std::int64_t row = (2 * std::int64_t{y} + 1) * header.height / (2 * view.full.height);
      require(seen[static_cast<std::size_t>(y) * view.window.width + x] ==
              whole.values[static_cast<std::size_t>(row * header.width + column)]);
    }
}

// Chunks whose bytes were changed get the checksum of what they hold now, or hardly any input would be looked into.
void mend_checksums(std::uint8_t* data, std::size_t size) {
  std::size_t at = 8;
  while (at + 12 <= size) {
    const std::size_t length = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3];
    if (length > size - at - 12) return;
    const std::vector<std::uint8_t> chunk(data + at + 4, data + at + 8 + length);
    const std::uint32_t crc = test::crc32_of(chunk);
    for (std::size_t i = 0; i < 4; ++i) data[at + 8 + length + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    at += 12 + length;
  }
}

}  // namespace

extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, most);
  if (seed % 8 != 0 && size > 8 && std::memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0) mend_checksums(data, size);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static image::PictureDecoder decoder, honouring(true);
  const image::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const Decoded whole = decoded_part(decoder, bytes, nullptr, false);
  require(whole.fault == decoded_part(honouring, bytes, nullptr, false).fault);
  Numbers numbers(data, size);
  check_mask(bytes, numbers);
  if (!whole.fault.empty()) {
    if (decoder.open(bytes, kLimits)) return 0;
    const image::Rect corner{0, 0, 1, 1};  // whatever the crop
    require(decoded_part(decoder, bytes, &corner, false).fault == whole.fault);
    return 0;
  }
  const image::Rect crop = some_crop(whole.picture, numbers);
  for (const bool verified : {false, true}) {
    const Decoded part = decoded_part(decoder, bytes, &crop, verified);
    require(part.fault.empty() && is_part(part.picture, whole.picture, crop));
  }
  return 0;
}
