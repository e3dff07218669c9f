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

learn::Images Lane::upload(const Batch& batch, bool computes) {
  const Tensor pixels = batch[learner_.config().pixels_field];
  if (pixels.dtype != DType::kU8 || pixels.shape.size() != 4)
    throw Error(Code::kUsage, "the learner needs '" + learner_.config().pixels_field + "' as u8 (N, H, W, C)");
  if (buffer_.size() < pixels.bytes) {
    buffer_ = DeviceBuffer();  // first: its credit may be what the larger one needs
    buffer_ = device_->allocate(pixels.bytes);
  }
  stream_->copy(buffer_.data(), pixels.data, pixels.bytes);
  if (computes) stream_->launch([] {});
  stream_->synchronize();
  return {reinterpret_cast<const uint8_t*>(buffer_.data()), pixels.shape[0], pixels.shape[1], pixels.shape[2],
          pixels.shape[3]};
}

learn::StepResult Lane::step(const Batch& batch) {
  if (is_cpu()) return learner_.step(batch);
  const learn::Images images = upload(batch, true);
  return learner_.step(images, batch[learner_.config().label_field].as<int64_t>(), learn::mixing_of(batch));
}

metrics::ClassificationSums Lane::evaluate(const Batch& batch) {
  if (is_cpu()) return learner_.evaluate(batch);
  const learn::Images images = upload(batch, false);
  return learner_.evaluate(images, batch[learner_.config().label_field].as<int64_t>());
}

learn::Rows Lane::infer(const Batch& batch, const std::string& layer) {
  return is_cpu() ? learner_.infer(batch, layer) : learner_.infer(upload(batch, false), layer);
}

double Lane::utilisation(double seconds) const {
  return stream_ && seconds > 0 ? static_cast<double>(stream_->busy_ns()) * 1e-9 / seconds : 0;
}

}  // namespace penstock::train
