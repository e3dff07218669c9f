#include "pipelines/stream/accelerator.h"

#include "engine/device/sim_device.h"

namespace penstock {

Accelerator::Accelerator(double step_ms, Clock& clock)
    : device_(make_sim_device({.memory_bytes = 0, .launch_ns = static_cast<int64_t>(step_ms * 1e6)}, clock)),
      copies_(device_->make_stream()),
      steps_(device_->make_stream()) {}

Accelerator::~Accelerator() = default;

void Accelerator::feed(const Batch& batch) {
  Place& place = places_[fed_++ % places_.size()];
  place.used.synchronize();
  uint64_t bytes = 0;
  for (size_t f = 0; f < batch.schema().size(); ++f) bytes += batch.tensor(f).bytes;
  if (place.memory.size() < bytes) {
    place.memory = DeviceBuffer();
    place.memory = device_->allocate(bytes);
  }
  uint64_t at = 0;
  for (size_t f = 0; f < batch.schema().size(); ++f) {
    const Tensor tensor = batch.tensor(f);
    if (tensor.bytes > 0) copies_->copy(place.memory.data() + at, tensor.data, tensor.bytes);
    at += tensor.bytes;
  }
  Event copied;
  copies_->record(copied);
  steps_->wait(copied);
  steps_->launch([] {});
  steps_->record(place.used);
  copied.synchronize();
}

void Accelerator::finish() { steps_->synchronize(); }

double Accelerator::busy_seconds() const { return static_cast<double>(steps_->busy_ns()) * 1e-9; }

}  // namespace penstock
