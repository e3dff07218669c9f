// Training batches put together on a lane's device: from pictures that it holds or decodes, and from pixels that the CPUs made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/data/batch.h"
#include "engine/device/upload_ring.h"
#include "stages/device/augment_plan.h"
#include "stages/device/augmenter.h"
#include "stages/device/held_pictures.h"
#include "stages/device/lane_decoder.h"

namespace penstock::device {

/// What a phase of a training makes of the pictures. Immutable, thread-safe.
class FeedView {
 public:
  /// `augment.mixup` says that batches are mixed; by how much is what the CPU's stage has drawn: field "mix".
  FeedView(AugmentRecipe augment, uint64_t seed);
  const AugmentPlanner& planner() const { return planner_; }
  bool mixes() const { return mixes_; }
  uint64_t seed() const { return seed_; }

 private:
  AugmentPlanner planner_;
  bool mixes_;
  uint64_t seed_;
};

/// Of one lane. prepare() and make() in turn, one thread at a time; work of earlier calls may still run on the device, but when it dies.
///
/// The pixels of a batch of which nothing is held or decoded here are used where they were uploaded, as without a feed. Of any other the part is put
/// together in memory of its own, in batch order: what is held by kernels, the rest by copies within the device. Between prepare() and make() the lane's
/// decoder is at work, in a thread of its own. Where batches are mixed a lane makes the picture before
/// its first one too.
class LaneFeed {
 public:
  /// `held`: null where nothing is held, else the device is number `lane` in it; `share`: null where the lane decodes nothing. All must outlive it.
  /// Error kDevice where the lane's decoder does not start.
  LaneFeed(Device& device, UploadRing& uploads, HeldPictures* held, size_t lane,
           const std::shared_ptr<DecodeShare>& share = nullptr);

  enum class From : uint8_t { kHeld, kDecoded, kUploaded };
  /// A part of a batch on its way.
  struct Part {
    std::vector<From> from;              ///< one a picture, in batch order
    std::vector<CachedImage> pictures;   ///< those that are held
    AugmentPlan plan;                    ///< of those
    UploadRing::Place* place = nullptr;  ///< of those that are uploaded; null: there are none
    bool decodes = false;                ///< whether the lane's decoder makes some
    image::Size size;
    int mix_weight = 256;  ///< below 256: each picture with the one before, of which the first is none of the lane's
  };
  /// Looks up what is held of records [first, first + count) of `batch`, count > 0, begins to decode what came encoded, and to upload `pixels` of the
  /// others.
  Part prepare(const FeedView& view, const Batch& batch, int64_t first, int64_t count, const std::string& pixels);
  /// Queues the making, once the decoder is done. u8 (count, height, width, 3) in the device's memory, good until the next make() on the same stream.
  const uint8_t* make(Stream& stream, const Part& part);

  /// Whether it decodes: then what prepare() began is lost with the next prepare(), so one batch is brought up ahead.
  bool decodes() const { return decoder_ != nullptr; }
  /// Pictures made so far out of those that are held, decoded here, and uploaded as pixels.
  uint64_t made() const { return made_; }
  uint64_t decoded() const { return decoded_; }
  uint64_t uploaded() const { return uploaded_; }

 private:
  uint8_t* room(Stream& stream, DeviceBuffer& buffer, uint64_t bytes);
  void augment(Stream& stream, const Part& part, uint8_t* out);
  void put_together(Stream& stream, const Part& part, const uint8_t* held, const uint8_t* decoded, uint8_t* out) const;

  Device& device_;
  UploadRing& uploads_;
  HeldPictures* held_;
  size_t lane_;
  std::unique_ptr<LaneDecoder> decoder_;  ///< null where the lane decodes nothing
  std::unique_ptr<Augmenter> augmenter_;  ///< of the size of the batches now
  image::Size size_;
  DeviceBuffer out_, apart_;
  uint64_t made_ = 0, decoded_ = 0, uploaded_ = 0;
};

}  // namespace penstock::device
