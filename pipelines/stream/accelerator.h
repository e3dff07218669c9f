// A simulated accelerator that batches are fed to.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "engine/base/clock.h"
#include "engine/data/batch.h"
#include "engine/device/device.h"

namespace penstock {

/// Takes each batch over its bus (12 GB/s) and computes `step_ms` on it; copies of the next batch overlap with the step before.
/// One thread.
class Accelerator {
 public:
  Accelerator(double step_ms, Clock& clock);
  ~Accelerator();

  /// Returns once the batch's memory is copied; the step goes on. Waits while two steps are queued.
  void feed(const Batch& batch);
  void finish();
  /// Seconds spent computing.
  double busy_seconds() const;

 private:
  struct Place {
    DeviceBuffer memory;
    Event used;  ///< the step that reads it is done
  };
  std::unique_ptr<Device> device_;
  std::array<Place, 2> places_;
  std::unique_ptr<Stream> copies_, steps_;
  uint64_t fed_ = 0;
};

}  // namespace penstock
