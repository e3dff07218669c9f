// CMYK as it lies in JPEGs, to RGB as Pillow does it.
#pragma once

#include <cstdint>

namespace penstock::image {

/// `width` pixels of CMYK, inverted as Adobe stores them (and as Pillow takes every JPEG of four components to be),
/// to RGB by Pillow's formula R = (255 - K) - C * (255 - K) / 255, rounded; no colour profile is applied.
void inverted_cmyk_to_rgb(const std::uint8_t* cmyk, int width, std::uint8_t* rgb);

}  // namespace penstock::image
