// The memory of the piece that was dropped last, kept for the one that is fetched next.
#pragma once

#include <mutex>
#include <utility>

#include "io/table/packed/aligned_bytes.h"

namespace penstock::io {

/// Pages that come from the system are cleared first and cost as much as the copy into them. One piece is kept, no more: whoever reads counts a piece for what it is
/// about to fetch. Thread-safe.
class SparePiece {
 public:
  /// At least `bytes` bytes, not cleared.
  AlignedBytes take(size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (memory_ && bytes_ >= bytes && bytes_ / 2 <= bytes) return std::exchange(memory_, nullptr);
    }
    return aligned_bytes(bytes);
  }
  void give(AlignedBytes memory, size_t bytes) {
    const std::lock_guard lock(mutex_);
    memory_ = std::move(memory);
    bytes_ = bytes;
  }

 private:
  std::mutex mutex_;
  AlignedBytes memory_;
  size_t bytes_ = 0;
};

}  // namespace penstock::io
