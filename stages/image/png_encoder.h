// Encodes pictures as PNG: for contact sheets. Not on the way of a run.
#pragma once

#include <cstddef>
#include <vector>

#include "stages/image/pixels.h"

namespace penstock::image {

/// The bytes of an 8-bit RGB PNG. Throws Error(kUsage) for an empty picture, kMemory. Any thread.
std::vector<std::byte> encode_png(const Picture& picture);

}  // namespace penstock::image
