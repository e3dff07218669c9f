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

Tensor column_of(const Batch& batch, const std::string& name, DType type, size_t rank, const char* wanted) {
  const Tensor tensor = batch[name];
  if (tensor.dtype == type && tensor.shape.size() == rank) return tensor;
  throw Error(Code::kUsage, "the learner needs '" + name + "' as " + wanted + ", the batch has " +
                                batch.schema().require(name, "the learner").text());
}

Labels labels_of(const Batch& batch, const LearnerConfig& config) {
  return column_of(batch, config.label_field, DType::kI64, 1, "i64 (N)").as<int64_t>();
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

Inputs inputs_of(const Batch& batch, const LearnerConfig& config, int64_t first, int64_t count) {
  if (count == 0) return {};
  if (!nets::is_table_net(config.net.arch)) return images_of(batch, config, first, count);
  TableRows rows{.count = count};
  if (!config.net.table.cardinalities.empty()) {
    const Tensor cat = column_of(batch, config.cat_field, DType::kI32, 2, "i32 (N, C)");
    rows.categories = cat.shape[1];
    rows.cat = cat.as<int32_t>().data() + first * rows.categories;
  }
  if (config.net.table.numbers > 0) {
    const Tensor cont = column_of(batch, config.cont_field, DType::kF32, 2, "f32 (N, D)");
    rows.numbers = cont.shape[1];
    rows.cont = cont.as<float>().data() + first * rows.numbers;
  }
  PENSTOCK_CHECK(first >= 0 && first + count <= static_cast<int64_t>(batch.size()));
  return rows;
}

std::vector<std::string> fields_of(const LearnerConfig& config) {
  std::vector<std::string> fields;
  if (!nets::is_table_net(config.net.arch)) {
    fields = {config.pixels_field};
  } else {
    if (!config.net.table.cardinalities.empty()) fields.push_back(config.cat_field);
    if (config.net.table.numbers > 0) fields.push_back(config.cont_field);
  }
  fields.push_back(config.task == Task::kClasses ? config.label_field : config.target_field);
  return fields;
}

TrainingShare share_of(const Batch& batch, const LearnerConfig& config, int64_t first, int64_t count) {
  if (count == 0) return {};
  const Inputs inputs = inputs_of(batch, config, first, count);
  const auto at = static_cast<size_t>(first), many = static_cast<size_t>(count);
  if (config.task != Task::kClasses) {
    const Tensor targets = column_of(batch, config.target_field, DType::kF32, 1, "f32 (N)");
    return {inputs, std::span<const float>(targets.as<float>()).subspan(at, many), {}};
  }
  Mixing mixing = mixing_of(batch);
  if (!mixing.second.empty()) mixing = {mixing.second.subspan(at, many), mixing.shares.subspan(at, many)};
  return {inputs, labels_of(batch, config).subspan(at, many), mixing};
}

StepResult Learner::step(const Batch& batch) {
  const TrainingShare all = share_of(batch, config(), 0, static_cast<int64_t>(batch.size()));
  return step(all.inputs, all.targets, all.mixing);
}

metrics::ClassificationSums Learner::evaluate(const Batch& batch) {
  return evaluate(inputs_of(batch, config(), 0, static_cast<int64_t>(batch.size())), labels_of(batch, config()));
}

Rows Learner::infer(const Batch& batch, const std::string& layer) {
  return infer(inputs_of(batch, config(), 0, static_cast<int64_t>(batch.size())), layer);
}

}  // namespace penstock::learn
