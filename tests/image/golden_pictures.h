// The pictures that the golden values of augmentations were made from, and how to compare with those.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "stages/image/picture_decoder.h"
#include "stages/image/resizer.h"
#include "tests/image/photos.h"

namespace penstock::image {

/// The pattern() of make_augment_golden.py: "wide:13x17".
inline Picture pattern(const std::string& name) {
  const std::size_t colon = name.find(':'), cross = name.find('x', colon);
  Picture made{std::stoi(name.substr(colon + 1)), std::stoi(name.substr(cross + 1)), {}};
  const auto count = static_cast<std::uint32_t>(made.width) * static_cast<std::uint32_t>(made.height) * 3;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t value = (i * i * 7 + i * 13 + (i >> 3) * 29 + (i >> 7) * 31) & 255;
    made.rgb.push_back(static_cast<std::uint8_t>(name.starts_with("narrow") ? 90 + value % 40 : value));
  }
  return made;
}

/// Resize(256) and CenterCrop(224), as its photographs().
inline Picture photograph(const std::filesystem::path& file) {
  PictureDecoder decoder;
  const auto bytes = read_file(file);
  EXPECT_FALSE(decoder.open(bytes)) << file;
  Picture made{224, 224, std::vector<std::uint8_t>(224 * 224 * 3)};
  Resizer resizer;
  resizer.start(center_crop({decoder.header().height, decoder.header().width}, {224, 224}, 0.875), made.rgb.data(),
                224 * 3);
  EXPECT_FALSE(decoder.decode(resizer.source(), false, resizer)) << file;
  return made;
}

/// From the values at i * size // count, which `samples` has in hex.
inline std::vector<int> differences(const std::vector<std::uint8_t>& pixels, const std::string& samples) {
  const std::size_t count = samples.size() / 2;
  std::vector<int> all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back(std::abs(std::stoi(samples.substr(2 * i, 2), nullptr, 16) - int{pixels[i * pixels.size() / count]}));
  return all;
}

inline int largest_difference(const std::vector<std::uint8_t>& pixels, const std::string& samples) {
  const std::vector<int> all = differences(pixels, samples);
  return *std::max_element(all.begin(), all.end());
}

}  // namespace penstock::image
