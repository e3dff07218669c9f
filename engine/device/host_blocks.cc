#include "engine/device/host_blocks.h"

#include <algorithm>
#include <utility>

namespace penstock {

Buffer HostBlocks::make(uint64_t bytes) {
  std::unique_ptr<Buffer> block;
  std::vector<std::unique_ptr<Buffer>> misfits;  // freed without the lock
  {
    const std::lock_guard lock(mutex_);
    const auto fits = std::ranges::find_if(kept_, [bytes](const auto& kept) { return kept->size() == bytes; });
    if (fits != kept_.end()) {
      block = std::move(*fits);
      kept_.erase(fits);
    } else {
      std::swap(misfits, kept_);
    }
  }
  misfits.clear();
  if (!block) block = std::make_unique<Buffer>(device_.make_host_buffer(bytes));
  std::byte* data = block->data();
  return {data, bytes,
          [home = shared_from_this(), lent = std::shared_ptr<Buffer>(std::move(block))](std::byte*, uint64_t) {
            auto back = std::make_unique<Buffer>(std::move(*lent));
            const std::lock_guard lock(home->mutex_);
            home->kept_.push_back(std::move(back));
          }};
}

size_t HostBlocks::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

}  // namespace penstock
