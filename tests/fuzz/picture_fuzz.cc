#include "tests/fuzz/fuzz_pictures.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  using namespace penstock::fuzz;
  static image::PictureDecoder decoder, honouring(true);
  const image::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const Decoded whole = decoded_part(decoder, bytes, nullptr, false);
  require(whole.fault == decoded_part(honouring, bytes, nullptr, false).fault);
  Numbers numbers(data, size);
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
