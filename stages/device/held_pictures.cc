#include "stages/device/held_pictures.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock::device {
namespace {

uint64_t bytes_of(int width, int height) {
  return uint64_t{3} * static_cast<uint64_t>(width) * static_cast<uint64_t>(height);
}

uint64_t in_cache(uint64_t bytes) {
  constexpr uint64_t kUnit = DeviceImageCache::kAlignment;
  return (bytes + kUnit - 1) / kUnit * kUnit;
}

// Of the memory that a picture is decoded into: few sizes, so that most find one that lies by.
uint64_t staged_for(int width, int height) { return std::bit_ceil(bytes_of(width, height)); }

}  // namespace

HeldPictures::HeldPictures(Credit staging) : staging_(std::move(staging)) {}

HeldPictures::~HeldPictures() { leave(); }

void HeldPictures::join(Device& device, std::optional<uint64_t> capacity_bytes) {
  if (!capacity_bytes) {
    const uint64_t limit = device.memory_limit(), used = device.budgets().used(device.tier());
    if (limit == 0)
      throw Error(Code::kUsage, std::string(device.name()) + " does not say how much memory it has for pictures")
          .hint("set budget.gpu_cache");
    capacity_bytes = (limit - std::min(limit, used)) / 2;
  }
  // A multiple of the unit, so that sums of pictures are the same here and there.
  const uint64_t capacity = std::max<uint64_t>(1, *capacity_bytes / in_cache(1)) * in_cache(1);
  auto cache = std::make_unique<DeviceImageCache>(device, capacity);
  const std::lock_guard lock(mutex_);
  PENSTOCK_CHECK(homes_.empty() || homes_.front().cache->images() == 0);
  homes_.push_back({&device, std::move(cache), device.make_stream()});
  capacity_ = room_ = homes_.size() == 1 ? capacity : std::min(capacity_, capacity);
}

void HeldPictures::leave() {
  const std::lock_guard lock(mutex_);
  for (Home& home : homes_) home.copies.reset();  // ends them
  on_its_way_.clear();
  spare_.clear();
  homes_.clear();
  capacity_ = room_ = staged_ = 0;
}

bool HeldPictures::holds(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  return is_held(id);
}

// What is in one cache is in all of them.
bool HeldPictures::is_held(uint64_t id) const {
  return !homes_.empty() && homes_.front().cache->find(id).rgb != nullptr;
}

CachedImage HeldPictures::find(size_t lane, uint64_t id) const {
  const std::lock_guard lock(mutex_);
  return homes_[lane].cache->find(id);
}

void HeldPictures::wait(size_t lane, Stream& stream) const {
  Event arrived;
  {
    const std::lock_guard lock(mutex_);
    homes_[lane].copies->record(arrived);
  }
  stream.wait(arrived);
}

std::optional<HeldPictures::Offer> HeldPictures::offer(uint64_t id, int width, int height) {
  const uint64_t bytes = bytes_of(width, height), staged = staged_for(width, height);
  Buffer memory;
  Device* device = nullptr;
  {
    const std::lock_guard lock(mutex_);
    let_go_of_copied();
    if (!may_take(id, bytes)) return std::nullopt;
    if (staged > staging_.need()[Tier::kRam]) {
      full_ = true;
      return std::nullopt;
    }
    if (const auto spare = spare_.find(staged); spare != spare_.end()) {
      memory = std::move(spare->second);
      spare_.erase(spare);
    } else if (make_way(staged)) {
      staged_ += staged;
    } else {
      return std::nullopt;
    }
    room_ -= in_cache(bytes);
    offered_.insert(id);
    device = homes_.front().device;
  }
  if (memory.data() == nullptr) {
    try {
      memory = device->make_host_buffer(staged);
    } catch (const Error& error) {
      withdraw(id, bytes, staged);
      if (error.code() != Code::kMemory) throw;
      return std::nullopt;  // the record is made in the ordinary way, and offered again in the next epoch
    }
  }
  return Offer(*this, id, width, height, std::move(memory));
}

/// Whether a picture that nobody has or makes finds room.
bool HeldPictures::may_take(uint64_t id, uint64_t bytes) {
  if (homes_.empty() || is_held(id) || offered_.contains(id)) return false;
  if (in_cache(bytes) <= room_) return true;
  full_ = true;
  return false;
}

void HeldPictures::keep_decoded(Stream& stream, std::span<const uint64_t> ids, std::span<const CachedImage> images) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < ids.size(); ++i) {
    const uint64_t bytes = bytes_of(images[i].width, images[i].height);
    if (!may_take(ids[i], bytes)) continue;
    room_ -= in_cache(bytes);
    for (Home& home : homes_) {
      const bool fits = home.cache->put(stream, ids[i], images[i].rgb, images[i].width, images[i].height);
      PENSTOCK_CHECK(fits);
    }
  }
  // Whoever finds them from now on waits for the copies' streams.
  Event kept;
  stream.record(kept);
  for (Home& home : homes_) home.copies->wait(kept);
}

/// An offer for which there was no memory after all.
void HeldPictures::withdraw(uint64_t id, uint64_t bytes, uint64_t staged) {
  const std::lock_guard lock(mutex_);
  offered_.erase(id);
  room_ += in_cache(bytes);
  staged_ -= staged;
}

/// Whether so many bytes more may be made; spare memory of other sizes goes for it.
bool HeldPictures::make_way(uint64_t bytes) {
  const uint64_t most = staging_.need()[Tier::kRam];
  while (staged_ + bytes > most && !spare_.empty()) {
    staged_ -= spare_.begin()->first;
    spare_.erase(spare_.begin());
  }
  return staged_ + bytes <= most;
}

void HeldPictures::put_by(Buffer memory) {
  const uint64_t bytes = memory.size();
  spare_.emplace(bytes, std::move(memory));
}

void HeldPictures::let_go_of_copied() {
  const auto is_there = [](const Event& copied) { return copied.query(); };
  while (!on_its_way_.empty() && std::ranges::all_of(on_its_way_.front().copied, is_there)) {
    put_by(std::move(on_its_way_.front().memory));
    on_its_way_.pop_front();
  }
}

HeldPictures::Offer::Offer(HeldPictures& held, uint64_t id, int width, int height, Buffer memory)
    : held_(&held), id_(id), width_(width), height_(height), memory_(std::move(memory)) {}

HeldPictures::Offer::Offer(Offer&& other) noexcept
    : held_(std::exchange(other.held_, nullptr)),
      id_(other.id_),
      width_(other.width_),
      height_(other.height_),
      memory_(std::move(other.memory_)) {}

HeldPictures::Offer::~Offer() {
  if (held_ == nullptr) return;
  const std::lock_guard lock(held_->mutex_);
  held_->offered_.erase(id_);
  held_->room_ += in_cache(bytes_of(width_, height_));
  held_->put_by(std::move(memory_));
}

void HeldPictures::Offer::keep() {
  PENSTOCK_CHECK(held_ != nullptr);
  const std::lock_guard lock(held_->mutex_);
  OnItsWay on_its_way;
  on_its_way.copied.resize(held_->homes_.size());
  for (size_t i = 0; i < held_->homes_.size(); ++i) {
    Home& home = held_->homes_[i];
    const bool fits = home.cache->put(*home.copies, id_, rgb(), width_, height_);
    PENSTOCK_CHECK(fits);
    home.copies->record(on_its_way.copied[i]);
  }
  on_its_way.memory = std::move(memory_);
  held_->on_its_way_.push_back(std::move(on_its_way));
  held_->offered_.erase(id_);
  held_ = nullptr;
}

uint64_t HeldPictures::pictures() const {
  const std::lock_guard lock(mutex_);
  return homes_.empty() ? 0 : homes_.front().cache->images();
}

bool HeldPictures::is_full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

std::string HeldPictures::text() const {
  const std::lock_guard lock(mutex_);
  std::string names;
  for (size_t i = 0; i < homes_.size(); ++i)
    names += (i == 0 ? "" : i + 1 == homes_.size() ? " and " : ", ") + std::string(homes_[i].device->name());
  const bool several = homes_.size() > 1;
  return names + (several ? " hold " : " holds ") +
         std::to_string(homes_.empty() ? 0 : homes_.front().cache->images()) + " decoded pictures" +
         (several ? " each" : "") + ", " + bytes_text(capacity_ - room_) + " of " + bytes_text(capacity_) +
         (full_ ? "; there is no room for the others, which the CPUs make in every epoch" : "");
}

}  // namespace penstock::device
