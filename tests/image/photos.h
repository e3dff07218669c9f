// Pictures for the tests of this folder: made here, or real ones where the data sets are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "stages/image/jpeg_encoder.h"
#include "stages/image/pixels.h"

namespace penstock::image {

inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

/// The files under `folder`, sorted, whose extension is one of those given (all where none is).
inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder,
                                                   const std::vector<std::string>& extensions = {}) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() &&
        (extensions.empty() || std::count(extensions.begin(), extensions.end(), entry.path().extension().string()) > 0))
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// Smooth shapes with edges and some noise: no two neighbouring rows or columns are alike.
inline Picture made_picture(int width, int height, unsigned seed = 1) {
  Picture picture{width, height, {}};
  unsigned noise = seed * 2654435761u + 12345;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        noise = noise * 1664525u + 1013904223u;
        const double wave = 110 + 70 * std::sin(x * 0.11 + c) + 50 * std::cos(y * 0.07 * (c + 1));
        const double edge = (x / 13 + y / 17 + c) % 3 == 0 ? 40 : 0;
        picture.rgb.push_back(static_cast<std::uint8_t>(std::clamp(wave + edge + (noise >> 27), 0.0, 255.0)));
      }
  return picture;
}

inline std::vector<std::byte> jpeg_of(const Picture& picture, const JpegEncodeOptions& options = {}) {
  return encode_jpeg({.data = picture.rgb.data(), .width = picture.width, .height = picture.height}, options);
}

inline Picture part_of(const Picture& picture, const Rect& r) {
  Picture part{r.width, r.height, {}};
  for (int y = r.y; y < r.y + r.height; ++y) {
    const auto* row = picture.rgb.data() + (static_cast<std::size_t>(y) * picture.width + r.x) * 3;
    part.rgb.insert(part.rgb.end(), row, row + static_cast<std::size_t>(r.width) * 3);
  }
  return part;
}

}  // namespace penstock::image
