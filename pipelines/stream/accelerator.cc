#include "pipelines/stream/accelerator.h"

#include <algorithm>

#include "engine/device/sim_device.h"
#include "stages/learn/bucket_plan.h"

namespace penstock {
namespace {

constexpr double kForward = 1.0 / 3;
// Gradients come in pieces of that size: about the layers of a ResNet-50.
constexpr size_t kGradientPieces = 160;

/// Bytes of each bucket, in the order of the backward pass.
std::vector<size_t> buckets_of(const AcceleratorOptions& options) {
  if (options.gradient_bytes == 0 || options.lanes < 2) return {};
  const std::vector<size_t> pieces(kGradientPieces, std::max<size_t>(1, options.gradient_bytes / kGradientPieces));
  std::vector<size_t> bytes;
  for (const size_t count : learn::plan_buckets(pieces, options.bucket_bytes)) bytes.push_back(count * pieces[0]);
  return bytes;
}

double sum_seconds(const AcceleratorOptions& options, double bytes) {
  const double lanes = options.lanes;
  return 2 * (lanes - 1) / lanes * bytes / options.link_bytes_per_second;
}

int64_t ns_of(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

}  // namespace

StepModel model_step(const AcceleratorOptions& options, uint64_t batch_bytes) {
  StepModel model;
  const double computes = options.step_ms * 1e-3, backward = computes * (1 - kForward);
  model.upload_seconds = static_cast<double>(batch_bytes) / options.lanes / options.link_bytes_per_second;
  double ready = computes - backward, done = 0, total = 0;
  const std::vector<size_t> buckets = buckets_of(options);
  for (const size_t bytes : buckets) total += static_cast<double>(bytes);
  for (const size_t bytes : buckets) {
    const double seconds = sum_seconds(options, static_cast<double>(bytes));
    ready += backward * static_cast<double>(bytes) / total;
    done = std::max(done, ready) + seconds;
    model.sum_seconds += seconds;
  }
  model.exposed_seconds = std::max(0.0, done - computes);
  model.step_seconds = std::max(model.upload_seconds, computes + model.exposed_seconds);
  model.busy = model.step_seconds > 0 ? computes / model.step_seconds : 1;
  model.link_is_the_limit = model.upload_seconds > computes || model.sum_seconds > backward;
  return model;
}

struct Accelerator::Lane {
  Lane(const SimOptions& options, Clock& clock)
      : device(make_sim_device(options, clock)),
        ring(*device),
        steps(make_timed_stream(options, "a simulated lane", clock)),
        sums(make_timed_stream(options, "a simulated lane", clock)) {}

  std::unique_ptr<Device> device;
  UploadRing ring;
  std::unique_ptr<TimedStream> steps, sums;
  UploadRing::Place* place = nullptr;
  std::vector<Event> ready;  ///< of each bucket in this step
  Event summed;
};

Accelerator::Accelerator(const AcceleratorOptions& options, Clock& clock)
    : options_(options), buckets_(buckets_of(options)) {
  for (uint32_t lane = 0; lane < options.lanes; ++lane)
    lanes_.push_back(std::make_unique<Lane>(SimOptions{.index = lane,
                                                       .memory_bytes = 0,
                                                       .copy_bytes_per_second = options.link_bytes_per_second,
                                                       .count_real_work = false},
                                            clock));
}

Accelerator::~Accelerator() = default;

void Accelerator::feed(const Batch& batch) {
  uint64_t bytes = 0;
  const uint64_t lanes = lanes_.size();
  for (uint64_t l = 0; l < lanes; ++l) {
    std::vector<std::span<const std::byte>> parts;
    for (size_t f = 0; f < batch.schema().size(); ++f) {
      const Tensor tensor = batch.tensor(f);
      const uint64_t from = tensor.bytes * l / lanes, to = tensor.bytes * (l + 1) / lanes;
      parts.emplace_back(tensor.data + from, to - from);
      bytes += to - from;
    }
    lanes_[l]->place = &lanes_[l]->ring.upload(parts, std::make_shared<const Batch>(batch));
  }
  largest_batch_bytes_ = std::max(largest_batch_bytes_, bytes);
  for (const auto& lane : lanes_) step(*lane);
  if (buckets_.empty()) return;
  // A bucket is summed when all lanes have it; the next step begins when all of its sums are there.
  for (const auto& lane : lanes_) {
    for (size_t b = 0; b < buckets_.size(); ++b) {
      for (const auto& other : lanes_) lane->sums->wait(other->ready[b]);
      lane->sums->launch_for(ns_of(sum_seconds(options_, static_cast<double>(buckets_[b]))), [] {});
    }
    lane->sums->record(lane->summed);
  }
  for (const auto& lane : lanes_) lane->steps->wait(lane->summed);
}

void Accelerator::step(Lane& lane) {
  const double computes = options_.step_ms * 1e-3;
  lane.steps->wait(lane.place->copied);
  lane.ready.assign(buckets_.size(), {});
  if (buckets_.empty()) {
    lane.steps->launch_for(ns_of(computes), [] {});
  } else {
    double total = 0;
    for (const size_t bytes : buckets_) total += static_cast<double>(bytes);
    lane.steps->launch_for(ns_of(computes * kForward), [] {});
    for (size_t b = 0; b < buckets_.size(); ++b) {
      lane.steps->launch_for(ns_of(computes * (1 - kForward) * static_cast<double>(buckets_[b]) / total), [] {});
      lane.steps->record(lane.ready[b]);
    }
  }
  lane.place->used_by(*lane.steps);
}

void Accelerator::finish() {
  for (const auto& lane : lanes_) {
    lane->ring.finish();
    lane->steps->synchronize();
  }
}

std::vector<double> Accelerator::busy_seconds() const {
  std::vector<double> seconds;
  for (const auto& lane : lanes_) seconds.push_back(static_cast<double>(lane->steps->busy_ns()) * 1e-9);
  return seconds;
}

}  // namespace penstock
