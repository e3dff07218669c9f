// The one thing in EXIF that matters to a loader: how the picture is to be turned.
#pragma once

#include <vector>

#include "stages/image/pixels.h"

namespace penstock::image {

/// The orientation tag (0x0112) of a TIFF block, 1 to 8; 1 where it is missing or makes no sense. Never fails.
int tiff_orientation(Bytes tiff);

/// The orientation of the first EXIF segment before the scan of a JPEG; 1 where there is none. Never fails.
int jpeg_orientation(Bytes jpeg);

/// The payload of an APP1 segment that says this orientation and nothing else.
std::vector<std::byte> exif_of_orientation(int orientation);

}  // namespace penstock::image
