#include "engine/device/upload_ring.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"

namespace penstock {

UploadRing::UploadRing(Device& device, size_t most)
    : device_(device), most_(std::max<size_t>(most, 2)), copies_(device.make_stream()) {
  for (int i = 0; i < 2; ++i) places_.push_back(std::make_unique<Place>());
}

UploadRing::~UploadRing() = default;

bool UploadRing::has_run_dry() const { return newest_ != nullptr && newest_->used.query(); }

void UploadRing::let_go() {
  for (const auto& place : places_)
    if (place->source && place->copied.query()) place->source.reset();
}

UploadRing::Place& UploadRing::upload(std::span<const std::span<const std::byte>> parts,
                                      std::shared_ptr<const void> source) {
  let_go();
  if (has_run_dry() && places_.size() < most_)
    places_.insert(places_.begin() + static_cast<std::ptrdiff_t>(next_), std::make_unique<Place>());
  Place& place = *places_[next_];
  next_ = (next_ + 1) % places_.size();
  place.used.synchronize();
  place.copied.synchronize();
  place.source.reset();
  uint64_t bytes = 0;
  for (const auto& part : parts) bytes += part.size();
  if (place.memory.size() < bytes) {
    place.memory = DeviceBuffer();  // first: its credit may be what the larger one needs
    place.memory = device_.allocate(bytes);
  }
  uint64_t at = 0;
  for (const auto& part : parts) {
    if (!part.empty()) copies_->copy(place.memory.data() + at, part.data(), part.size());
    at += part.size();
  }
  place.source = std::move(source);
  place.used = Event();
  copies_->record(place.copied);
  newest_ = &place;
  return place;
}

void UploadRing::finish() {
  copies_->synchronize();
  let_go();
}

}  // namespace penstock
