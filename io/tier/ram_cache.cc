#include "io/tier/ram_cache.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace penstock::io {

std::optional<RamCache::Entry> RamCache::find(uint64_t id) const {
  const std::shared_lock lock(mutex_);
  const auto found = table_.find(id);
  if (found == table_.end()) return std::nullopt;
  const Row& row = found->second;
  if (row.coming_from != nullptr) return Entry{{}, row.coming_from};
  return Entry{{row.data, row.bytes}, nullptr};
}

uint64_t RamCache::records() const {
  const std::shared_lock lock(mutex_);
  return records_;
}

bool RamCache::plan(uint64_t id, uint64_t bytes, const void* who) {
  const std::unique_lock lock(mutex_);
  if (table_.contains(id)) return false;
  // Whole blocks count, so that what is used is what the machine gives.
  if (bytes > free_bytes_) {
    const uint64_t left = capacity_ - std::min(capacity_, used_ + kRowBytes);
    if (left < bytes) return false;
    // The last block leaves room for the rows of its records, as many as of this one's size would fill it.
    const uint64_t last = std::max(bytes, left * bytes / (bytes + kRowBytes));
    const uint64_t block = std::min(last, std::max<uint64_t>(kBlockBytes, bytes));
    blocks_.emplace_back(block);
    free_ = blocks_.back().data();
    free_bytes_ = block;
    used_ += block;
  }
  if (used_ + kRowBytes > capacity_) return false;
  table_.emplace(id, Row{free_, bytes, who});
  free_ += bytes;
  free_bytes_ -= bytes;
  used_ += kRowBytes;
  return true;
}

void RamCache::fill(uint64_t id, std::span<const std::byte> bytes) {
  std::byte* dest = nullptr;
  {
    const std::shared_lock lock(mutex_);
    dest = table_.at(id).data;
  }
  if (!bytes.empty()) std::memcpy(dest, bytes.data(), bytes.size());  // its place is nobody else's
  const std::unique_lock lock(mutex_);
  Row& row = table_.at(id);
  row.coming_from = nullptr;
  ++records_;
}

void RamCache::give_up(uint64_t id) {
  const std::unique_lock lock(mutex_);
  table_.erase(id);
}

}  // namespace penstock::io
