#include "stages/image/png_encoder.h"

#include <png.h>

#include "engine/base/error.h"

namespace penstock::image {

std::vector<std::byte> encode_png(const Picture& picture) {
  if (picture.width < 1 || picture.height < 1) throw Error(Code::kUsage, "cannot encode an empty picture as PNG");
  PENSTOCK_CHECK(picture.rgb.size() ==
                 static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 3);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<std::byte> encoded(bytes);
  if (png_image_write_to_memory(&image, encoded.data(), &bytes, 0, picture.rgb.data(), 0, nullptr) == 0)
    throw Error(Code::kMemory, std::string("encoding a PNG: ") + image.message);
  encoded.resize(bytes);
  return encoded;
}

}  // namespace penstock::image
