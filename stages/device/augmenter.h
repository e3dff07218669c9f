// Batches of augmented pictures out of a cache in the device's memory.
#pragma once

#include <cstdint>
#include <span>

#include "stages/device/augment_plan.h"
#include "stages/device/image_cache.h"

namespace penstock::device {

/// Does what an AugmentPlan says, on a stream. Its memory (plans, taps, sums) comes out of the device's budget, grows to the largest batch
/// and stays. One thread at a time, one stream at a time; what it queued must be done before it dies.
class Augmenter {
 public:
  Augmenter(Device& device, image::Size size) : device_(device), size_(size) {}

  /// Queues the batch: u8 (plan.images.size(), height, width, 3) into `out`, in the device's memory. All records must be in `cache`, which
  /// is sealed: Error kUsage that names the first that is not.
  void run(Stream& stream, const DeviceImageCache& cache, const AugmentPlan& plan, uint8_t* out);
  /// The same of pictures that the caller has looked up, one for each of the plan: for a cache that is not sealed.
  void run(Stream& stream, std::span<const CachedImage> pictures, const AugmentPlan& plan, uint8_t* out);

 private:
  void queue(Stream& stream, const ImageIndex* index, std::span<const CachedImage> pictures, const AugmentPlan& plan,
             uint8_t* out);
  template <class T>
  T* room(DeviceBuffer& buffer, int64_t count, const char* what);

  Device& device_;
  image::Size size_;
  DeviceBuffer plans_, found_, taps_, weights_, sums_, greys_;
  Buffer host_plans_, host_found_;
  Event copied_;  ///< both may be written again
};

}  // namespace penstock::device
