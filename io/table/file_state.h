// What tells whether a file was written to since.
#pragma once

#include "io/file/checksum.h"
#include "io/file/file_system.h"

namespace penstock::io {

/// Of size, last change and place on its disk.
inline uint64_t state_of(const FileStat& stat) {
  return Checksum().add(stat.bytes).add(static_cast<uint64_t>(stat.mtime_ns)).add(stat.inode).value();
}

}  // namespace penstock::io
