#include <algorithm>

#include "stages/image/jpeg/segment_index.h"
#include "stages/image/jpeg_markers.h"
#include "tests/fuzz/fuzz_pictures.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  using namespace penstock::fuzz;
  const image::SegmentIndex index(std::span(data, size));
  if (index) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < index.segments(); ++i) sum += index.bytes(i);
    require(sum <= 65'535 * index.segments());
    (void)index.fits({data, size}, index.interval());
  }
  const auto payload = image::index_segments({data, size}, 3);
  if (!payload.empty()) require(image::SegmentIndex(payload).fits({data, size}, 3));

  static image::PictureDecoder decoder, libjpeg(false, image::JpegPath::kLibjpeg);
  const image::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const Decoded whole = decoded_part(decoder, bytes, nullptr, false);
  require(whole.fault == decoded_part(libjpeg, bytes, nullptr, false).fault);
  Numbers numbers(data, size);
  if (whole.fault.empty()) {
    for (int i = 0; i < 3; ++i) {
      const image::Rect crop = some_crop(whole.picture, numbers);
      const Decoded part = decoded_part(decoder, bytes, &crop, true);
      require(part.fault.empty() && is_part(part.picture, whole.picture, crop));
    }
    return 0;
  }
  // Called verified all the same, it is a fault or some picture: within bounds, which the sanitisers watch.
  if (decoder.open(bytes, kLimits)) return 0;
  const image::Header header = decoder.header();
  const image::Rect crop{header.width / 2, header.height / 2, header.width - header.width / 2,
                         header.height - header.height / 2};
  (void)decoded_part(decoder, bytes, &crop, true);
  return 0;
}
