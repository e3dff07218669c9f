#include "stages/image/jpeg_indexer.h"
#include "tests/fuzz/fuzz_pictures.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  using namespace penstock::fuzz;
  static image::PictureDecoder fast, libjpeg(false, image::JpegPath::kLibjpeg);
  const image::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const Decoded a = decoded_part(fast, bytes, nullptr, false), b = decoded_part(libjpeg, bytes, nullptr, false);
  require(a.fault == b.fault);
  require(a.picture.rgb == b.picture.rgb);
  if (!a.fault.empty()) return 0;
  Numbers numbers(data, size);
  const image::Rect crop = some_crop(a.picture, numbers);
  for (const bool verified : {false, true}) {
    const Decoded part = decoded_part(fast, bytes, &crop, verified);
    require(part.fault.empty() && is_part(part.picture, a.picture, crop));
  }
  if (numbers.below(8) != 0) return 0;
  const auto indexed = image::index_jpeg(bytes, {.growth = 1000});
  if (indexed)
    require(decoded_part(libjpeg, *indexed, nullptr, false).picture.rgb == a.picture.rgb || fast.header().progressive);
  return 0;
}
