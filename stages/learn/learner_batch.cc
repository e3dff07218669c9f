// A learner's calls on whole batches: finds the tensors, copies nothing.
#include "engine/base/error.h"
#include "stages/learn/learner.h"

namespace penstock::learn {
namespace {

Images images_of(const Batch& batch, const LearnerConfig& config) {
  const Tensor pixels = batch[config.pixels_field];
  if (pixels.dtype != DType::kU8 || pixels.shape.size() != 4) {
    throw Error(Code::kUsage, "the learner needs '" + config.pixels_field + "' as u8 (N, H, W, C), the batch has " +
                                  batch.schema().require(config.pixels_field, "the learner").text());
  }
  return {reinterpret_cast<const uint8_t*>(pixels.data), pixels.shape[0], pixels.shape[1], pixels.shape[2],
          pixels.shape[3]};
}

Labels labels_of(const Batch& batch, const LearnerConfig& config) {
  const Tensor labels = batch[config.label_field];
  if (labels.dtype != DType::kI64 || labels.shape.size() != 1) {
    throw Error(Code::kUsage, "the learner needs '" + config.label_field + "' as i64 (N), the batch has " +
                                  batch.schema().require(config.label_field, "the learner").text());
  }
  return labels.as<int64_t>();
}

}  // namespace

Mixing mixing_of(const Batch& batch) {
  if (batch.schema().find("label_b") == nullptr || batch.schema().find("mix") == nullptr) return {};
  const Tensor second = batch["label_b"], shares = batch["mix"];
  if (second.dtype != DType::kI64 || second.shape.size() != 1 || shares.dtype != DType::kF32 ||
      shares.shape.size() != 1)
    throw Error(Code::kUsage, "the learner takes 'label_b' as i64 (N) and 'mix' as f32 (N), the batch has " +
                                  batch.schema().require("label_b", "the learner").text() + " and " +
                                  batch.schema().require("mix", "the learner").text());
  return {second.as<int64_t>(), shares.as<float>()};
}

Images images_of(const Batch& batch, const LearnerConfig& config, int64_t first, int64_t count) {
  if (count == 0) return {};
  Images images = images_of(batch, config);
  PENSTOCK_CHECK(first >= 0 && count > 0 && first + count <= images.count);
  images.data += first * images.height * images.width * images.channels;
  images.count = count;
  return images;
}

TrainingShare share_of(const Batch& batch, const LearnerConfig& config, int64_t first, int64_t count) {
  if (count == 0) return {};
  const Images images = images_of(batch, config, first, count);
  const auto at = static_cast<size_t>(first), many = static_cast<size_t>(count);
  Mixing mixing = mixing_of(batch);
  if (!mixing.second.empty()) mixing = {mixing.second.subspan(at, many), mixing.shares.subspan(at, many)};
  return {images, labels_of(batch, config).subspan(at, many), mixing};
}

StepResult Learner::step(const Batch& batch) {
  const TrainingShare all = share_of(batch, config(), 0, static_cast<int64_t>(batch.size()));
  return step(all.images, all.labels, all.mixing);
}

metrics::ClassificationSums Learner::evaluate(const Batch& batch) {
  return evaluate(images_of(batch, config()), labels_of(batch, config()));
}

Rows Learner::infer(const Batch& batch, const std::string& layer) { return infer(images_of(batch, config()), layer); }

}  // namespace penstock::learn
