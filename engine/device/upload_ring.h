// Batches on their way to a device: copied on a stream of their own while earlier ones are computed on.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "engine/device/device.h"

namespace penstock {

/// A ring of places in the device's memory. A place is taken again when what computed on it is done; events order the streams, and the
/// host waits for one alone: that the oldest place is free.
///
/// It begins with two places and adds one each time that the device had run out of work by the time the next batch came, up to `most`: as
/// many batches ahead as the unevenness of their coming asks for, and no more memory than that. Two places are all that it must have: where the
/// device has no memory for another, or for all of them when batches become larger, it stays with, or goes back to, as many as fit.
///
/// One thread. It must die before its device and after the streams that wait for its events have finished.
class UploadRing {
 public:
  /// From upload() to used_by() or give_back() it is the caller's.
  struct Place {
    DeviceBuffer memory;  ///< at least the bytes of the upload
    Event copied;         ///< the bytes are there: what computes waits for it

    /// Behind the last read, which was queued in `stream`; gives when that is done.
    Event used_by(Stream& stream) {
      stream.record(used);
      lent = false;
      return used;
    }
    /// Nobody reads it after all.
    void give_back() { lent = false; }
    /// Whether what read it is done; false until it is asked to be read.
    bool is_done() const { return !lent && used.query(); }

   private:
    friend class UploadRing;
    Event used;
    bool lent = false;
    std::shared_ptr<const void> source;
  };

  explicit UploadRing(Device& device, size_t most = 4);
  ~UploadRing();

  /// Queues copies of `parts` one behind the other. `source` keeps their memory and is let go when it is copied. Blocks until what read the place
  /// whose turn it is is done; at most places() - 1 may be the caller's before. Error kMemory where two such batches do not fit, kDevice.
  Place& upload(std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void> source);
  /// Lets the memory go of what is copied; upload() does it too. Before a caller asks for more that may need that memory.
  void let_go();
  /// Waits for all copies.
  void finish();

  size_t places() const { return places_.size(); }
  /// Seconds spent copying.
  double busy_seconds() const { return static_cast<double>(copies_->busy_ns()) * 1e-9; }

 private:
  void grow(uint64_t bytes);
  void fit(uint64_t bytes);
  bool has_run_dry() const;

  Device& device_;
  size_t most_;
  std::vector<std::unique_ptr<Place>> places_;
  size_t next_ = 0;
  Place* newest_ = nullptr;
  std::unique_ptr<Stream> copies_;  // dies first: copies end before their places do
};

}  // namespace penstock
