// The inner loop of image.flip, for all vector instruction sets (Highway).
#pragma once

#include <cstdint>
#include <vector>

namespace penstock::image {

/// Mirrors each row of u8 (height, width, 3) in place. `row`: room that is kept between calls.
void mirror_rgb(std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::vector<std::uint8_t>& row);

}  // namespace penstock::image
