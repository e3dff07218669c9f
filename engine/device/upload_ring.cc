#include "engine/device/upload_ring.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"

namespace penstock {
namespace {

constexpr size_t kLeast = 2;  // one is computed on while the other is copied into
constexpr const char* kHolder = "uploaded batches";

}  // namespace

UploadRing::UploadRing(Device& device, size_t most)
    : device_(device), most_(std::max(most, kLeast)), copies_(device.make_stream()) {
  for (size_t i = 0; i < kLeast; ++i) places_.push_back(std::make_unique<Place>());
}

UploadRing::~UploadRing() = default;

bool UploadRing::has_run_dry() const { return newest_ != nullptr && newest_->is_done(); }

void UploadRing::let_go() {
  for (const auto& place : places_)
    if (place->source && place->copied.query()) place->source.reset();
}

/// One place more, to be filled next, where the device has the memory; else the ring is as large as it gets.
void UploadRing::grow(uint64_t bytes) {
  auto place = std::make_unique<Place>();
  try {
    place->memory = device_.allocate(bytes, kHolder);
  } catch (const Error& error) {
    if (error.code() != Code::kMemory) throw;
    most_ = places_.size();
    return;
  }
  places_.insert(places_.begin() + static_cast<std::ptrdiff_t>(next_), std::move(place));
}

/// Gives place `next_` at least so many bytes. What the ring has grown by goes back for it, the oldest first.
void UploadRing::fit(uint64_t bytes) {
  places_[next_]->memory = DeviceBuffer();  // first: its credit may be what the larger one needs
  for (;;) {
    try {
      places_[next_]->memory = device_.allocate(bytes, kHolder);
      return;
    } catch (const Error& error) {
      if (error.code() != Code::kMemory || places_.size() <= kLeast || places_[(next_ + 1) % places_.size()]->lent)
        throw;
    }
    const size_t other = (next_ + 1) % places_.size();
    places_[other]->used.synchronize();
    places_[other]->copied.synchronize();
    places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(other));
    if (other < next_) --next_;
    most_ = places_.size();
  }
}

UploadRing::Place& UploadRing::upload(std::span<const std::span<const std::byte>> parts,
                                      std::shared_ptr<const void> source) {
  let_go();
  uint64_t bytes = 0;
  for (const auto& part : parts) bytes += part.size();
  const bool all_in_use =
      static_cast<bool>(places_[next_]->memory);  // the first ones have none before they are asked for
  if (all_in_use && has_run_dry() && places_.size() < most_) grow(bytes);
  PENSTOCK_CHECK(!places_[next_]->lent);
  places_[next_]->used.synchronize();
  places_[next_]->copied.synchronize();
  places_[next_]->source.reset();
  if (places_[next_]->memory.size() < bytes) fit(bytes);
  Place& place = *places_[next_];
  next_ = (next_ + 1) % places_.size();
  uint64_t at = 0;
  for (const auto& part : parts) {
    if (!part.empty()) copies_->copy(place.memory.data() + at, part.data(), part.size());
    at += part.size();
  }
  place.source = std::move(source);
  place.used = Event();
  place.lent = true;
  copies_->record(place.copied);
  newest_ = &place;
  return place;
}

void UploadRing::finish() {
  copies_->synchronize();
  let_go();
}

}  // namespace penstock
