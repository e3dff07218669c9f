// Which table a large file holds, told without reading all of it.
#pragma once

#include <cstdint>

#include "io/file/file.h"

namespace penstock::io {

/// XXH3-64 of a file's length, of 64 stretches of 64 KiB spread evenly over it, the first and the last among them, and of all where it is no larger
/// than those. A change elsewhere that keeps the length goes unnoticed. Throws kIo.
uint64_t sampled_sum(const File& file);

}  // namespace penstock::io
