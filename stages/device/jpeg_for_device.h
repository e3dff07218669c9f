// Which JPEGs a device's decoder is given.
#pragma once

#include <optional>

#include "stages/image/pixels.h"
#include "stages/image/view.h"

namespace penstock::device {

/// The size of a JPEG that the decoder of any device takes; nothing for what is left to the CPUs, whose decoder takes all kinds and refuses
/// what is none. Seen from the header alone: baseline or extended sequential, 8 bits, Huffman codes with their tables, one scan of all
/// components: grey, or YCbCr with chroma whole, or halved across, down or both.
///
/// `honours_orientation`: a picture that is to be turned is the CPUs' too, since a device's decoder does not turn it.
std::optional<image::Size> size_on_device(image::Bytes jpeg, bool honours_orientation);

}  // namespace penstock::device
