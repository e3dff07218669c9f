#include "stages/device/image_cache.h"

#include <algorithm>
#include <cstring>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock::device {
namespace {

uint64_t rounded_up(uint64_t bytes) {
  constexpr uint64_t kUnit = DeviceImageCache::kAlignment;
  return (bytes + kUnit - 1) / kUnit * kUnit;
}

}  // namespace

DeviceImageCache::DeviceImageCache(Device& device, uint64_t capacity_bytes)
    : device_(device), memory_(device.allocate(capacity_bytes, "image cache")) {}

uint8_t* DeviceImageCache::place(uint64_t id, int width, int height) {
  PENSTOCK_CHECK(width > 0 && height > 0);
  const uint64_t bytes = uint64_t{3} * static_cast<uint64_t>(width) * static_cast<uint64_t>(height);
  const std::lock_guard lock(mutex_);
  PENSTOCK_CHECK(!sealed_);
  if (by_id_.contains(id)) return nullptr;
  if (bytes > memory_.size() - used_) {
    ++left_out_;
    left_out_bytes_ += bytes;
    return nullptr;
  }
  auto* to = reinterpret_cast<uint8_t*>(memory_.data() + used_);
  used_ = std::min(rounded_up(used_ + bytes), memory_.size());
  by_id_.emplace(id, CachedImage{to, width, height});
  return to;
}

bool DeviceImageCache::put(Stream& stream, uint64_t id, const uint8_t* rgb, int width, int height) {
  uint8_t* to = place(id, width, height);
  if (to != nullptr) stream.copy(to, rgb, uint64_t{3} * static_cast<uint64_t>(width) * static_cast<uint64_t>(height));
  return to != nullptr;
}

CachedImage DeviceImageCache::find(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? CachedImage{} : at->second;
}

void DeviceImageCache::seal(Stream& stream) {
  const std::lock_guard lock(mutex_);
  PENSTOCK_CHECK(!sealed_);
  std::vector<uint64_t> ids;
  for (const auto& [id, image] : by_id_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  std::vector<CachedImage> images;
  for (const uint64_t id : ids) images.push_back(by_id_.at(id));
  const uint64_t ids_bytes = rounded_up(ids.size() * sizeof(uint64_t)),
                 image_bytes = images.size() * sizeof(CachedImage);
  index_memory_ = device_.allocate(std::max<uint64_t>(ids_bytes + image_bytes, 1), "index of the image cache");
  if (!ids.empty()) {
    stream.copy(index_memory_.data(), ids.data(), ids.size() * sizeof(uint64_t));
    stream.copy(index_memory_.data() + ids_bytes, images.data(), image_bytes);
  }
  stream.synchronize();
  index_ = {reinterpret_cast<const uint64_t*>(index_memory_.data()),
            reinterpret_cast<const CachedImage*>(index_memory_.data() + ids_bytes), static_cast<int64_t>(ids.size())};
  sealed_ = true;
}

uint64_t DeviceImageCache::images() const {
  const std::lock_guard lock(mutex_);
  return by_id_.size();
}
uint64_t DeviceImageCache::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_;
}
uint64_t DeviceImageCache::left_out() const {
  const std::lock_guard lock(mutex_);
  return left_out_;
}
uint64_t DeviceImageCache::left_out_bytes() const {
  const std::lock_guard lock(mutex_);
  return left_out_bytes_;
}

std::string DeviceImageCache::text() const {
  const std::lock_guard lock(mutex_);
  std::string text = "the cache on " + std::string(device_.name()) + " holds " + std::to_string(by_id_.size()) +
                     " pictures in " + bytes_text(used_) + " of " + bytes_text(memory_.size());
  if (left_out_ > 0) text += "; " + std::to_string(left_out_) + " (" + bytes_text(left_out_bytes_) + ") did not fit";
  return text;
}

}  // namespace penstock::device
