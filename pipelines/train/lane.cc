#include "pipelines/train/lane.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "engine/device/devices.h"

namespace penstock::train {
namespace {

learn::LearnerConfig on(Device& device, Stream* stream, learn::LearnerConfig config) {
  if (stream == nullptr || stream->native_handle() == nullptr) return config;  // the CPU, or its twin of a GPU
  config.device = &device;
  config.stream = stream;
  return config;
}

}  // namespace

Lane::Lane(const std::string& device, learn::LearnerConfig config, Clock& clock, Lane* rows_of)
    : device_(open_device(device, clock)),
      stream_(device_->tier() == Tier::kRam ? nullptr : device_->make_stream()),
      learner_(on(*device_, stream_.get(), std::move(config)), rows_of != nullptr ? &rows_of->learner_ : nullptr) {
  if (stream_) uploads_.emplace(*device_);
}

Lane::~Lane() { stop_feeding(); }

void Lane::feed_from(device::HeldPictures* held, size_t lane, std::optional<uint64_t> capacity_bytes,
                     const std::shared_ptr<device::DecodeShare>& decoding) {
  PENSTOCK_CHECK(!is_cpu());
  if (held != nullptr) held->join(*device_, capacity_bytes);
  feed_ = std::make_unique<device::LaneFeed>(*device_, *uploads_, held, lane, decoding);
}

void Lane::stop_feeding() noexcept {
  if (!feed_) return;
  try {
    stream_->synchronize();
  } catch (const Error&) {}  // it does nothing any more, and whoever waited for a step has heard why
  feed_.reset();
  view_ = nullptr;
}

void Lane::prepare(const Batch& batch, int64_t first, int64_t count) {
  if (count > 0 && rows_ahead_ > 0) learner_.bring_ahead(learn::inputs_of(batch, learner_.config(), first, count));
  if (is_cpu() || takes_rows() || count == 0) return;
  if (view_ != nullptr) {
    device::LaneFeed::Part fed = feed_->prepare(*view_, batch, first, count, learner_.config().pixels_field);
    ahead_.push_back({.batch = batch.block(), .place = fed.place, .fed = std::move(fed)});
    return;
  }
  const learn::Images images = learn::images_of(batch, learner_.config(), first, count);
  const auto bytes = static_cast<size_t>(images.count * images.height * images.width * images.channels);
  const std::span<const std::byte> parts[] = {{reinterpret_cast<const std::byte*>(images.data), bytes}};
  UploadRing::Place& place = uploads_->upload(parts, std::make_shared<const Batch>(batch));
  ahead_.push_back({.batch = batch.block(), .place = &place});
}

learn::Inputs Lane::uploaded(const Batch& batch, int64_t first, int64_t count) {
  if (is_cpu() || takes_rows() || count == 0) return learn::inputs_of(batch, learner_.config(), first, count);
  learn::Images images = learn::images_of(batch, learner_.config(), first, count);
  used();  // what a call before left that threw
  const auto find = [&] { return std::ranges::find(ahead_, batch.block(), &Ahead::batch); };
  auto mine = find();
  if (mine == ahead_.end()) {
    prepare(batch, first, count);
    mine = find();
  }
  now_ = std::move(*mine);
  ahead_.erase(mine);
  if (now_.fed) {
    images.data = feed_->make(*stream_, *now_.fed);
    return images;
  }
  stream_->wait(now_.place->copied);
  images.data = reinterpret_cast<const uint8_t*>(now_.place->memory.data());
  return images;
}

/// What was asked of the stream since uploaded() has read the pixels. It begins with the copy's end; from there on the batch's memory is free
/// for the batches that follow.
void Lane::used() {
  if (now_.place != nullptr) {
    now_.place->used_by(*stream_);
    now_.place->copied.synchronize();
  }
  now_ = {};
  if (uploads_) uploads_->let_go();
}

void Lane::forget_prepared() {
  for (Ahead& ahead : ahead_)
    if (ahead.place != nullptr) ahead.place->give_back();
  ahead_.clear();
  learner_.forget_ahead();
}

/// What the network cannot have, others may hold: an error of memory says who.
template <class Work>
auto Lane::on_device(Work&& work) {
  const std::shared_ptr<void> counted = busy();
  try {
    return work();
  } catch (Error& error) {
    if (error.code() != Code::kMemory || is_cpu()) throw;
    throw error.add("beside the network, of the budget of " + std::string(name()) + " " + device_->memory_text());
  }
}

void Lane::begin_step(const Batch& batch, int64_t first, int64_t count) {
  learn::TrainingShare share = learn::share_of(batch, learner_.config(), first, count);
  share.inputs = uploaded(batch, first, count);
  if (is_simulated()) {
    Event there;
    stream_->record(there);
    stream_->launch([] {});  // the time that a step takes; what it computes is computed here
    there.synchronize();
  }
  on_device([&] { learner_.begin_step(share.inputs, share.targets, share.mixing); });
  used();
  if (stream_) stream_->record(computed_);
}

learn::StepResult Lane::end_step() {
  const learn::StepResult result = on_device([&] { return learner_.end_step(); });
  if (is_simulated()) stream_->synchronize();
  return result;
}

metrics::ClassificationSums Lane::evaluate(const Batch& batch, int64_t first, int64_t count) {
  learn::TrainingShare share = learn::share_of(batch, learner_.config(), first, count);
  share.inputs = uploaded(batch, first, count);
  if (is_simulated()) stream_->synchronize();
  const metrics::ClassificationSums sums =
      on_device([&] { return learner_.evaluate(share.inputs, share.targets.labels); });
  used();
  return sums;
}

learn::Rows Lane::infer(const Batch& batch, int64_t first, int64_t count, const std::string& layer) {
  const learn::Inputs inputs = uploaded(batch, first, count);
  if (is_simulated()) stream_->synchronize();
  learn::Rows rows = on_device([&] { return learner_.infer(inputs, layer); });
  used();
  return rows;
}

double Lane::utilisation(double seconds) const {
  return stream_ && seconds > 0 ? static_cast<double>(stream_->busy_ns()) * 1e-9 / seconds : 0;
}

}  // namespace penstock::train
