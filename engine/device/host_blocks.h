// Host memory that a device copies from at full speed, kept from one Run to the next.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/device/device.h"
#include "engine/memory/buffer.h"

namespace penstock {

/// Pinned memory takes long to make (every page is touched and locked), and each Run has a pool of its own: what its batches lay in is kept here
/// for those of the next epoch or evaluation. Thread-safe. The device must outlive calls of make(); blocks may outlive it and this.
///
/// Credits are the Runs': what is kept while none runs is counted nowhere, and is no more than the last one held. A Run of other sizes begins
/// with letting it go.
class HostBlocks : public std::enable_shared_from_this<HostBlocks> {
 public:
  explicit HostBlocks(Device& device) : device_(device) {}

  /// For RunOptions::make_batch. A kept block of that size; else what is kept is let go and a new one is made.
  /// Error kMemory.
  Buffer make(uint64_t bytes);
  size_t kept() const;

 private:
  Device& device_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Buffer>> kept_;
};

}  // namespace penstock
