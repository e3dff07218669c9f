// The pictures of a training that stay decoded in the memory of its devices.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/device/device.h"
#include "engine/memory/budget.h"
#include "engine/memory/buffer.h"
#include "stages/device/image_cache.h"

namespace penstock::device {

/// One DeviceImageCache for each lane, all with the same pictures: a record goes to another lane in every epoch. So the device with the least
/// room decides how many are held, and a record is held by all of them or by none.
///
///   join() each lane's device -> Runs decode whole pictures: offer(), keep() -> holds() -> lanes find() them -> leave()
///
/// What is held stays held until leave(), so whoever once saw that a record is held may leave its bytes unread and its pixels unmade. First come,
/// first kept: which records those are may differ from run to run, and the bytes that are learnt from do not.
///
/// Nobody waits here: while `staging_bytes` of pictures are on their way to the devices, or where there is no room, offer() gives nothing, and the
/// record is made in the ordinary way. join() and leave() while nobody else calls; all else from any thread.
class HeldPictures {
 public:
  /// `staging`: the credit for what is on its way, and how much that may be.
  explicit HeldPictures(Credit staging);
  ~HeldPictures();

  /// Takes `capacity_bytes` of the device's budget, or half of what is free of it. Error kMemory; kUsage where neither is stated. The device must
  /// live until leave(). Devices are counted as they come.
  void join(Device& device, std::optional<uint64_t> capacity_bytes);
  /// Lets all pictures go.
  void leave();

  bool holds(uint64_t id) const;
  /// Of the device that came as number `lane`: null `rgb` where the record is not held.
  CachedImage find(size_t lane, uint64_t id) const;
  /// What `stream`, of that device, is given from now on begins when all that is held by now has arrived.
  void wait(size_t lane, Stream& stream) const;

  /// Room for a picture, taken until it dies: write u8 (height, width, 3) to rgb() and keep() it.
  class Offer {
   public:
    Offer(Offer&&) noexcept;
    Offer& operator=(Offer&&) = delete;
    ~Offer();
    uint8_t* rgb() { return reinterpret_cast<uint8_t*>(memory_.data()); }
    /// Queues the copies to all devices. Once.
    void keep();

   private:
    friend class HeldPictures;
    Offer(HeldPictures& held, uint64_t id, int width, int height, Buffer memory);
    HeldPictures* held_;
    uint64_t id_;
    int width_, height_;
    Buffer memory_;
  };
  /// Nothing where there is no room, here or in the host's memory, or the record is held, or offered to another. Error kDevice where copies of
  /// others failed.
  std::optional<Offer> offer(uint64_t id, int width, int height);
  /// The same for pictures that a lane has decoded: images[i] of record ids[i] lies in a device's memory, made by what was queued in `stream`, which
  /// queues the copies to all devices. What there is no room for is left out.
  void keep_decoded(Stream& stream, std::span<const uint64_t> ids, std::span<const CachedImage> images);

  uint64_t pictures() const;
  /// Whether a picture was left out for want of room.
  bool is_full() const;
  /// "sim:0 and sim:1 hold 18 decoded pictures each, 31 KiB of 32 KiB; there is no room for the others".
  std::string text() const;

 private:
  struct Home {
    Device* device;
    std::unique_ptr<DeviceImageCache> cache;
    std::unique_ptr<Stream> copies;  ///< ends before the cache does
  };
  struct OnItsWay {
    Buffer memory;
    std::vector<Event> copied;
  };
  bool is_held(uint64_t id) const;
  bool may_take(uint64_t id, uint64_t bytes);
  void withdraw(uint64_t id, uint64_t bytes, uint64_t staged);
  bool make_way(uint64_t bytes);
  void put_by(Buffer memory);
  void let_go_of_copied();

  const Credit staging_;
  mutable std::mutex mutex_;
  std::vector<Home> homes_;
  std::unordered_set<uint64_t> offered_;
  std::deque<OnItsWay> on_its_way_;
  uint64_t capacity_ = 0, room_ = 0;  ///< of the smallest cache
  /// Host memory that devices copy from at full speed, by its size: making it is slow, so it is used again.
  std::multimap<uint64_t, Buffer> spare_;
  uint64_t staged_ = 0;  ///< bytes of it, spare, offered or on their way
  bool full_ = false;
};

}  // namespace penstock::device
