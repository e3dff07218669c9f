// The bytes of a record store: segment files that are only appended to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "io/file/file.h"

namespace penstock::io {

/// Appends to the last segment and begins the next where that is full. Writing to the disk begins while more is appended, so that sync() has little left to wait
/// for, and what was synced leaves the page cache. Faults are penstock::Error(kIo). One thread.
class SegmentFiles {
 public:
  /// Goes on in `segment`, whose first `bytes` are good: what is behind them is cut off.
  void open(FileSystem& fs, std::string folder, uint32_t segment, uint64_t bytes);

  struct Place {
    uint32_t segment = 0;
    uint64_t offset = 0;
  };
  Place append(std::span<const std::byte> bytes);
  /// All that was appended, and the names of the segments, are safe.
  void sync();

 private:
  void next();

  FileSystem* fs_ = nullptr;
  std::string folder_;
  File file_;
  uint32_t segment_ = 0;
  uint64_t bytes_ = 0;
  uint64_t started_ = 0;  ///< writing to the disk was begun up to here
  bool named_ = false;    ///< the folder was synced since the segment was made
};

}  // namespace penstock::io
