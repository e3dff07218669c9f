#include "io/tier/frames.h"

namespace penstock::io {

Frames::Frames(uint64_t count, uint64_t frame_bytes)
    : count_(count), frame_bytes_(frame_bytes), memory_(count * frame_bytes) {
  free_.reserve(count);
  for (uint64_t i = count; i > 0; --i) free_.push_back(static_cast<uint32_t>(i - 1));
}

std::optional<uint32_t> Frames::take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return stopped_ || !free_.empty(); });
  if (stopped_) return std::nullopt;
  const uint32_t frame = free_.back();
  free_.pop_back();
  return frame;
}

void Frames::give_back(std::span<const uint32_t> frames) {
  if (frames.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    free_.insert(free_.end(), frames.begin(), frames.end());
  }
  freed_.notify_one();  // one thread takes them
}

void Frames::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  freed_.notify_all();
}

}  // namespace penstock::io
