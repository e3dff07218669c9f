// The memory of the piece that was dropped last, kept for the one that is fetched next.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "io/table/packed/aligned_bytes.h"

namespace penstock::io {

/// Pages that come from the system are cleared first and cost as much as the copy into them. One piece is kept in a program, no more, and a
/// reader counts a piece for what it is about to fetch. Thread-safe.
class SparePiece {
 public:
  /// The one that all packed tables of the program share, for as long as there is one.
  static std::shared_ptr<SparePiece> shared() {
    static std::mutex mutex;
    static std::weak_ptr<SparePiece> last;
    const std::lock_guard lock(mutex);
    std::shared_ptr<SparePiece> spare = last.lock();
    if (!spare) last = spare = std::make_shared<SparePiece>();
    return spare;
  }

  /// At least `bytes` bytes, not cleared.
  AlignedBytes take(size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      AlignedBytes spare = std::exchange(memory_, nullptr);
      if (spare && bytes_ >= bytes && bytes_ / 2 <= bytes) return spare;
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
