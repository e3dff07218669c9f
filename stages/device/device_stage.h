// Stages on batches that lie in a device's memory, and the chain of them that a lane drives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/device/device.h"
#include "engine/graph/stage.h"

namespace penstock::device {

/// A batch as a device stage sees it: as BatchView, but `data` of its tensors is the device's memory. Good for the duration of the call.
class DeviceBatchView {
 public:
  virtual size_t count() const = 0;
  /// A field of all records, shape (N, ...), by the order of what bind() reads and writes. What in(i) and out(j) share is worked on in place.
  virtual Tensor in(size_t i) const = 0;
  virtual Tensor out(size_t i) const = 0;
  /// As BatchView::draws.
  virtual Draws draws() const = 0;
  /// Where the work is queued: each(stream, ...), stream.copy(...).
  virtual Stream& stream() const = 0;

 protected:
  ~DeviceBatchView() = default;
};

/// Works on batches on a device, in order: on the part that a lane or a process has of one. So what it makes of a record should depend on that record and the
/// draws alone, or it depends on the number of lanes. bind() as for a BatchStage: it reads and writes kFixed fields that are not optional.
/// run() queues and returns; it waits for nothing.
class DeviceStage : public Stage {
 public:
  virtual void run(DeviceBatchView& batch) const = 0;
};

/// The fields of a batch in a device's memory.
class DeviceFields {
 public:
  /// Error kUsage that names what there is.
  const Tensor& operator[](std::string_view name) const;
  void add(std::string name, Tensor tensor) { tensors_.emplace_back(std::move(name), std::move(tensor)); }

 private:
  std::vector<std::pair<std::string, Tensor>> tensors_;
};

/// Device stages one after the other, with the memory that their fields need, taken from the device's budget when it is made. One thread at a
/// time. Two chains over one device upload into one while the other computes.
class DeviceChain {
 public:
  struct Step {
    std::string id;  ///< keys the draws
    std::unique_ptr<DeviceStage> stage;
  };
  /// Binds the steps to `in`, of which fixed fields that are not optional are uploaded. Error kUsage where they do not fit, kMemory.
  DeviceChain(Device& device, const Schema& in, std::vector<Step> steps, uint64_t max_batch, uint64_t seed);
  ~DeviceChain();

  /// What lies on the device after the last step.
  const Schema& schema() const { return schema_; }
  /// Queues the upload of the batch and all steps. The batch must live until `uploaded` is done; the result is good until the next run().
  DeviceFields run(Stream& stream, const Batch& batch, Event& uploaded);

 private:
  struct Slot {
    Field field;
    DeviceBuffer memory;
  };
  struct BoundStep {
    std::string id;
    std::unique_ptr<DeviceStage> stage;
    std::vector<size_t> in, out;  ///< slots
  };
  class View;

  uint64_t max_batch_, seed_;
  Schema schema_;
  std::vector<Slot> slots_;
  std::vector<size_t> uploads_, results_;  ///< slots
  std::vector<BoundStep> steps_;
};

}  // namespace penstock::device
