// One device with its replica of the network: batches go up, the learner works on them.
#pragma once

#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/device/device.h"
#include "stages/learn/learner.h"

namespace penstock::train {

/// Owned by one thread, the lane's, which makes all its calls and with it torch's. On "cpu" the learner reads the batch where it
/// lies. On a simulated device the pixels go through the device's stream into a buffer of its budget, the step takes the time that
/// the device was told, and its arithmetic runs on the CPU twin: the same weights to the bit.
class Lane {
 public:
  /// Throws Error kDevice where there is no such device (says why, and names what there is), kUsage for what cannot drive a
  /// learner yet.
  Lane(const std::string& device, learn::LearnerConfig config, Clock& clock);
  ~Lane();

  /// Of the records [first, first + count) of a batch. step() takes none too, where the learner has joined others.
  learn::StepResult step(const Batch& batch, int64_t first, int64_t count);
  metrics::ClassificationSums evaluate(const Batch& batch, int64_t first, int64_t count);
  learn::Rows infer(const Batch& batch, int64_t first, int64_t count, const std::string& layer = "");

  learn::Learner& learner() { return learner_; }
  /// kRam, or the tier that batches for this device belong to.
  bool is_cpu() const { return stream_ == nullptr; }
  std::string_view device() const { return device_->name(); }
  /// Share of `seconds` that the device copied or computed; 0 for the CPU.
  double utilisation(double seconds) const;

 private:
  learn::Images upload(learn::Images images, bool computes);

  std::unique_ptr<Device> device_;
  DeviceBuffer buffer_;
  std::unique_ptr<Stream> stream_;
  learn::Learner learner_;
};

}  // namespace penstock::train
