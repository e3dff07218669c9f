// Which table a large file holds, told without reading all of it.
#pragma once

#include <cstdint>

#include "io/file/file.h"

namespace penstock::io {

/// XXH3-64 of a file's length and of all its bytes where it is no larger than kSummedWhole; of larger ones of 256 stretches of 64 KiB spread evenly over it, the first and
/// the last among them: there a change elsewhere that keeps the length goes unnoticed. Throws kIo.
inline constexpr uint64_t kSummedWhole = uint64_t{64} << 20;  // 15 ms in the page cache, half a second from a hard disk
uint64_t sampled_sum(const File& file);

}  // namespace penstock::io
