// The memory of a window: frames of one size out of one block.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "engine/memory/buffer.h"

namespace penstock::io {

/// Frames of `frame_bytes` (a multiple of 4 KiB). Thread-safe; one thread takes them.
class Frames {
 public:
  Frames(uint64_t count, uint64_t frame_bytes);

  /// Waits for a free one; nothing once stopped.
  std::optional<uint32_t> take();
  void give_back(std::span<const uint32_t> frames);
  void stop();

  std::byte* data(uint32_t frame) { return memory_.data() + uint64_t{frame} * frame_bytes_; }
  std::byte* memory() { return memory_.data(); }
  uint64_t bytes() const { return memory_.size(); }
  uint64_t frame_bytes() const { return frame_bytes_; }
  uint64_t count() const { return count_; }

 private:
  const uint64_t count_, frame_bytes_;
  Buffer memory_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<uint32_t> free_;  ///< last in, first out: warm memory is used again
  bool stopped_ = false;
};

}  // namespace penstock::io
