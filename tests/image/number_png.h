// PNGs of numbers, as masks are stored.
#pragma once

#include <gtest/gtest.h>
#include <png.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::image {

/// Grey, or of a palette (numbers below 16) whose colours say nothing of them. `numbers`: u8 (height, width).
inline std::vector<std::byte> png_of_numbers(const std::vector<std::uint8_t>& numbers, int width, int height,
                                             bool palette) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = palette ? PNG_FORMAT_RGB_COLORMAP : PNG_FORMAT_GRAY;
  image.colormap_entries = palette ? 16 : 0;
  std::vector<std::uint8_t> colours(3 * 16);
  for (std::size_t i = 0; i < colours.size(); ++i) colours[i] = static_cast<std::uint8_t>(255 - 5 * i);
  std::vector<std::byte> bytes(numbers.size() + 4096);
  png_alloc_size_t size = bytes.size();
  EXPECT_TRUE(
      png_image_write_to_memory(&image, bytes.data(), &size, 0, numbers.data(), 0, palette ? colours.data() : nullptr));
  bytes.resize(size);
  return bytes;
}

}  // namespace penstock::image
