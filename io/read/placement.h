// Where a file's bytes lie on its disk, where the file system tells (FIEMAP).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/file/file_system.h"

namespace penstock::io {

/// The pieces of one file in the order of the file: `bytes` from `logical` on lie at `physical` of the device.
struct PhysicalMap {
  struct Piece {
    uint64_t logical = 0, physical = 0, bytes = 0;
  };
  std::vector<Piece> pieces;

  /// The place of a byte; a byte in a hole or behind the end has that of the piece before it (0 where there is none).
  uint64_t physical(uint64_t logical) const;
  /// Bytes from `logical` on that follow one another on the disk too.
  uint64_t contiguous_from(uint64_t logical) const;
};

/// Nothing where the file system does not tell (tmpfs, overlay, network) or the door is not the machine's own. Opens the file; some 10 us where its
/// inode is in memory.
std::optional<PhysicalMap> physical_map(FileSystem& fs, const std::string& path);

}  // namespace penstock::io
