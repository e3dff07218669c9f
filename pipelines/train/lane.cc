#include "pipelines/train/lane.h"

#include "engine/base/error.h"
#include "engine/device/devices.h"

namespace penstock::train {
namespace {

std::unique_ptr<Device> open_lane_device(const std::string& spec, Clock& clock) {
  auto device = open_device(spec, clock);
  const std::string kind = parse_device_spec(spec).kind;
  if (kind != "cpu" && kind != "sim")
    throw Error(Code::kDevice, "'" + spec + "' is there, but this build trains on cpu and sim devices only")
        .hint("set lanes.devices = [\"cpu\"]");
  return device;
}

}  // namespace

Lane::Lane(const std::string& device, learn::LearnerConfig config, Clock& clock)
    : device_(open_lane_device(device, clock)), learner_(std::move(config)) {
  if (device_->tier() != Tier::kRam) stream_ = device_->make_stream();
}

Lane::~Lane() = default;

learn::Images Lane::upload(learn::Images images, bool computes) {
  if (is_cpu()) return images;
  const auto bytes = static_cast<uint64_t>(images.count * images.height * images.width * images.channels);
  if (buffer_.size() < bytes) {
    buffer_ = DeviceBuffer();  // first: its credit may be what the larger one needs
    buffer_ = device_->allocate(bytes);
  }
  if (bytes > 0) stream_->copy(buffer_.data(), images.data, bytes);
  if (computes) stream_->launch([] {});
  stream_->synchronize();
  images.data = reinterpret_cast<const uint8_t*>(buffer_.data());
  return images;
}

learn::StepResult Lane::step(const Batch& batch, int64_t first, int64_t count) {
  const learn::TrainingShare share = learn::share_of(batch, learner_.config(), first, count);
  return learner_.step(upload(share.images, true), share.labels, share.mixing);
}

metrics::ClassificationSums Lane::evaluate(const Batch& batch, int64_t first, int64_t count) {
  const learn::TrainingShare share = learn::share_of(batch, learner_.config(), first, count);
  return learner_.evaluate(upload(share.images, false), share.labels);
}

learn::Rows Lane::infer(const Batch& batch, int64_t first, int64_t count, const std::string& layer) {
  return learner_.infer(upload(learn::images_of(batch, learner_.config(), first, count), false), layer);
}

double Lane::utilisation(double seconds) const {
  return stream_ && seconds > 0 ? static_cast<double>(stream_->busy_ns()) * 1e-9 / seconds : 0;
}

}  // namespace penstock::train
