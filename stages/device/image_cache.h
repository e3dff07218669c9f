// Decoded pictures that stay in a device's memory, packed one after the other.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/device/device.h"

namespace penstock::device {

/// A picture in the device's memory: u8 (height, width, 3), rows without gaps. A null `rgb`: none.
struct CachedImage {
  const uint8_t* rgb = nullptr;
  int32_t width = 0;
  int32_t height = 0;
};

/// What kernels look pictures up in: `ids` rises, `images` go with them; both in the device's memory.
struct ImageIndex {
  const uint64_t* ids = nullptr;
  const CachedImage* images = nullptr;
  int64_t count = 0;

  constexpr CachedImage find(uint64_t id) const {
    int64_t low = 0, high = count;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      ids[middle] < id ? low = middle + 1 : high = middle;
    }
    return low < count && ids[low] == id ? images[low] : CachedImage{};
  }
};

/// Filled once, in an epoch or before, and then looked up. `capacity_bytes` are taken from the device's budget at once (Error kMemory), so
/// filling cannot fail: what does not fit is left out and counted, and the caller makes such pictures another way, in every epoch. First
/// come, first kept: which those are depends on the order of put(), so who wants the same set in every run puts in order.
///
/// place(), put() and find() from any thread. seal() once, after the last of them; index() after seal().
class DeviceImageCache {
 public:
  static constexpr uint64_t kAlignment = 16;  ///< rows are read in fours; sixteen costs eight bytes a picture

  DeviceImageCache(Device& device, uint64_t capacity_bytes);

  /// Room for a picture whose maker writes into the device's memory itself (a decoder on the GPU), u8 (height, width, 3). Null where there is
  /// none, or the id is there already.
  uint8_t* place(uint64_t id, int width, int height);
  /// Queues the copy of a picture; `rgb` must live until `stream` has done it. False where there is no room, or the id is there already.
  bool put(Stream& stream, uint64_t id, const uint8_t* rgb, int width, int height);
  /// Where the picture lies; null `rgb` where it does not. Its bytes are there once put()'s stream has come so far.
  CachedImage find(uint64_t id) const;
  /// Makes the index for kernels and waits until it and all that `stream` has put are there. No put() from now on.
  void seal(Stream& stream);
  const ImageIndex& index() const { return index_; }

  uint64_t images() const;
  uint64_t used_bytes() const;
  uint64_t left_out() const;
  uint64_t left_out_bytes() const;
  /// "the cache on cuda:0 holds 1,000 pictures in 1.2 GiB of 2 GiB; 24 (30 MiB) did not fit".
  std::string text() const;

 private:
  Device& device_;
  DeviceBuffer memory_, index_memory_;
  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, CachedImage> by_id_;
  uint64_t used_ = 0, left_out_ = 0, left_out_bytes_ = 0;
  bool sealed_ = false;
  ImageIndex index_;
};

}  // namespace penstock::device
