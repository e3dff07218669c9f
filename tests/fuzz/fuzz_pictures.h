// Decoding for the fuzz targets.
#pragma once

#include "stages/image/picture_decoder.h"
#include "tests/fuzz/fuzz_input.h"

namespace penstock::fuzz {

/// Small enough for thousands of runs a second.
inline constexpr image::DecodeLimits kLimits{.max_pixels = 1 << 18, .max_scratch = 8u << 20};

struct Decoded {
  std::string fault;
  image::Picture picture;
};

inline Decoded decoded_part(image::PictureDecoder& decoder, image::Bytes bytes, const image::Rect* crop,
                            bool verified) {
  Decoded result;
  image::Fault fault = decoder.open(bytes, kLimits);
  if (!fault) {
    const image::Header& header = decoder.header();
    const image::Rect part = crop != nullptr ? *crop : image::Rect{0, 0, header.width, header.height};
    image::PictureRows rows(part.width, part.height, result.picture);
    fault = decoder.decode(part, verified, rows);
  }
  if (fault) result = {fault.text(), {}};
  return result;
}

inline image::Rect some_crop(const image::Picture& whole, Numbers& numbers) {
  image::Rect crop;
  crop.width = 1 + numbers.below(whole.width);
  crop.height = 1 + numbers.below(whole.height);
  crop.x = numbers.below(whole.width - crop.width + 1);
  crop.y = numbers.below(whole.height - crop.height + 1);
  return crop;
}

inline bool is_part(const image::Picture& part, const image::Picture& whole, const image::Rect& crop) {
  for (int y = 0; y < crop.height; ++y)
    for (int i = 0; i < crop.width * 3; ++i)
      if (part.rgb[static_cast<std::size_t>(y) * crop.width * 3 + i] !=
          whole.rgb[(static_cast<std::size_t>(crop.y + y) * whole.width + crop.x) * 3 + i])
        return false;
  return true;
}

}  // namespace penstock::fuzz
