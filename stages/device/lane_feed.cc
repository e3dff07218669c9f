#include "stages/device/lane_feed.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <utility>

#include "engine/base/error.h"
#include "stages/device/augment_jobs.h"
#include "stages/device/each.h"

namespace penstock::device {
namespace {

AugmentRecipe without_mixing(AugmentRecipe augment) {
  augment.mixup.reset();  // the CPU's stage has drawn it, for the labels
  return augment;
}

uint64_t bytes_of(image::Size size) {
  return uint64_t{3} * static_cast<uint64_t>(size.width) * static_cast<uint64_t>(size.height);
}

/// Of 256: image.mixup gives shares in those steps.
int mix_weight_of(const Batch& batch, int64_t first) {
  const float share = batch["mix"].as<float>()[static_cast<size_t>(first)];
  return static_cast<int>(std::lround(share * 256));
}

}  // namespace

FeedView::FeedView(AugmentRecipe augment, uint64_t seed)
    : planner_(without_mixing(augment)), mixes_(augment.mixup.has_value()), seed_(seed) {}

LaneFeed::LaneFeed(Device& device, UploadRing& uploads, HeldPictures* held, size_t lane,
                   const std::shared_ptr<DecodeShare>& share)
    : device_(device), uploads_(uploads), held_(held), lane_(lane) {
  if (share) decoder_ = std::make_unique<LaneDecoder>(device, share, held, lane);
}

LaneFeed::Part LaneFeed::prepare(const FeedView& view, const Batch& batch, int64_t first, int64_t count,
                                 const std::string& pixels) {
  PENSTOCK_CHECK(first >= 0 && count > 0 && first + count <= static_cast<int64_t>(batch.size()));
  Part part;
  part.size = view.planner().recipe().size;
  if (view.mixes()) part.mix_weight = mix_weight_of(batch, first);
  std::vector<Batch::Before> rows;
  const auto from = static_cast<size_t>(first);
  if (part.mix_weight < 256)
    rows.push_back(from == 0 ? batch.before().value() : Batch::Before{batch.ids()[from - 1], from - 1});
  for (size_t i = from; i < from + static_cast<size_t>(count); ++i) rows.push_back({batch.ids()[i], i});

  const uint64_t each_bytes = bytes_of(part.size);
  const Tensor made = batch[pixels];
  PENSTOCK_CHECK(made.bytes == batch.size() * each_bytes);
  std::vector<std::span<const std::byte>> uploads;
  std::vector<uint64_t> ids;
  std::vector<image::Size> sizes;
  LaneDecoder::Work work{.batch = batch, .rows = {}, .planner = &view.planner(), .seed = view.seed()};
  const std::span<const int64_t> encoded = decoder_ ? batch[kEncodedField].offsets : std::span<const int64_t>{};
  for (const auto& [id, row] : rows) {
    const CachedImage picture = held_ != nullptr ? held_->find(lane_, id) : CachedImage{};
    const bool is_encoded = decoder_ && row < batch.size() && encoded[row + 1] > encoded[row];
    part.from.push_back(picture.rgb != nullptr ? From::kHeld : is_encoded ? From::kDecoded : From::kUploaded);
    if (part.from.back() == From::kDecoded) work.rows.push_back(row);
    if (part.from.back() == From::kUploaded) uploads.emplace_back(made.data + row * each_bytes, each_bytes);
    if (picture.rgb == nullptr) continue;
    part.pictures.push_back(picture);
    ids.push_back(id);
    sizes.push_back({picture.height, picture.width});
  }
  part.plan = view.planner().plan(
      {.seed = view.seed(), .epoch = batch.epoch(), .first_position = batch.first_position()}, ids, sizes);
  uploads_.let_go();
  if (!uploads.empty()) part.place = &uploads_.upload(uploads, std::make_shared<const Batch>(batch));
  made_ += ids.size();
  decoded_ += work.rows.size();
  part.decodes = !work.rows.empty();
  if (part.decodes) decoder_->start(std::move(work));
  uploaded_ += uploads.size();
  return part;
}

uint8_t* LaneFeed::room(Stream& stream, DeviceBuffer& buffer, uint64_t bytes) {
  if (buffer.size() < bytes) {
    stream.synchronize();  // nothing that was queued uses it any more
    buffer = DeviceBuffer();
    buffer = device_.allocate(bytes, "batches made on the device");
  }
  return reinterpret_cast<uint8_t*>(buffer.data());
}

void LaneFeed::augment(Stream& stream, const Part& part, uint8_t* out) {
  if (!augmenter_ || size_ != part.size) {
    stream.synchronize();  // a phase with another size: the room of the one before goes back
    augmenter_.reset();
    augmenter_ = std::make_unique<Augmenter>(device_, part.size);
    size_ = part.size;
  }
  augmenter_->run(stream, part.pictures, part.plan, out);
}

const uint8_t* LaneFeed::make(Stream& stream, const Part& part) {
  const bool mixes = part.mix_weight < 256;
  if (part.place != nullptr) stream.wait(part.place->copied);
  if (part.pictures.empty() && !part.decodes && !mixes)
    return reinterpret_cast<const uint8_t*>(part.place->memory.data());

  const uint64_t each_bytes = bytes_of(part.size), count = part.from.size();
  uint8_t* out = room(stream, out_, count * each_bytes);
  if (held_ != nullptr) held_->wait(lane_, stream);
  if (part.place == nullptr && !part.decodes) {
    augment(stream, part, out);
  } else {
    uint8_t* apart = room(stream, apart_, part.pictures.size() * each_bytes);
    if (!part.pictures.empty()) augment(stream, part, apart);
    put_together(stream, part, apart, part.decodes ? decoder_->finish(stream) : nullptr, out);
    if (part.decodes) decoder_->used(stream);
  }
  if (!mixes) return out;
  // The first one gets something of the last, and is not looked at.
  each(stream, static_cast<int64_t>(each_bytes),
       MixPictures{out, static_cast<int64_t>(count), static_cast<int64_t>(each_bytes), part.mix_weight});
  return out + each_bytes;
}

/// Neighbours of one kind are one copy.
void LaneFeed::put_together(Stream& stream, const Part& part, const uint8_t* held, const uint8_t* decoded,
                            uint8_t* out) const {
  const auto* uploaded = part.place != nullptr ? reinterpret_cast<const uint8_t*>(part.place->memory.data()) : nullptr;
  const uint64_t each_bytes = bytes_of(part.size);
  for (size_t first = 0, end = 0; first < part.from.size(); first = end) {
    while (end < part.from.size() && part.from[end] == part.from[first]) ++end;
    const uint64_t bytes = (end - first) * each_bytes;
    const uint8_t*& from = part.from[first] == From::kHeld      ? held
                           : part.from[first] == From::kDecoded ? decoded
                                                                : uploaded;
    stream.copy(out + first * each_bytes, from, bytes);
    from += bytes;
  }
}

}  // namespace penstock::device
