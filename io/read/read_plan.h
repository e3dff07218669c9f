// Records of a window turned into reads: sorted by place, neighbours together, small holes read over.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "io/data/dataset.h"
#include "io/read/disk.h"

namespace penstock::io {

/// One stretch of a file, a multiple of 4 KiB in offset and bytes (it may end behind the file), with the records in it.
struct PlannedRead {
  struct Piece {
    uint32_t record = 0;  ///< place in the list that was planned
    uint64_t at = 0;      ///< where its bytes begin in this read
    uint64_t length = 0;
  };
  uint32_t file = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::vector<Piece> pieces;  ///< by place
};

struct ReadPlan {
  std::vector<PlannedRead> reads;  ///< in the order in which they are best done
  uint64_t needed_bytes = 0;       ///< of the records
  uint64_t read_bytes = 0;         ///< holes and alignment included
  /// What the disk's model says of all of them, one after the other on a hard disk, at full depth on an SSD.
  double seconds = 0;
};

/// Where a byte of a file lies on its disk; what the head has to follow. Default: file after file, by offset.
using PhysicalPlace = std::function<uint64_t(uint32_t file, uint64_t offset)>;

/// Plans the records at `extents` (length 0: none). Neighbours in a file whose hole is at most disk.hole_bytes() become one read, of at most
/// `most_bytes` (a larger record is a read of its own), and only while the holes of a read stay below 1/64 of it: bytes that nobody asked for are kept
/// below 2 %. With `physical`, reads follow one another as they lie on the disk, and a hole is read over only where it is one there too.
ReadPlan plan_reads(std::span<const Extent> extents, const DiskModel& disk, uint64_t most_bytes,
                    const PhysicalPlace& physical = {});

}  // namespace penstock::io
