#include "stages/classic/stored_model.h"

#include <cmath>

#include "io/file/checksum.h"
#include "io/file/file.h"
#include "models/classic/fixed_order.h"

namespace penstock::classic {

StoredModel::StoredModel(const std::string& path, std::string stage) : path_(path), stage_(std::move(stage)) {
  if (path_.empty()) return;
  const std::string bytes = io::read_file(io::FileSystem::real(), path_);
  model_ = decode_model(io::bytes_of(bytes), path_);
  contents_ = io::hex(io::checksum(bytes));
  if (!model_.pca) return;
  directions_ = model_.pca->directions();
  for (size_t p = 0; p < model_.pca->size(); ++p) {
    double offset = 0;
    for (size_t d = 0; d < model_.pca->width; ++d)
      offset += static_cast<double>(directions_[p * model_.pca->width + d]) * static_cast<double>(model_.pca->mean[d]);
    offsets_.push_back(static_cast<float>(offset));
  }
}

const Field& StoredModel::require(const Schema& in) const {
  if (path_.empty())
    throw Error(Code::kUsage, stage_ + " has no model")
        .hint("model = FILE, as penstock cluster --centers FILE stores it");
  const Field& field = in.require("features", stage_);
  const Field wanted = Field::fixed("features", DType::kF32, {static_cast<int64_t>(model_.input_width())});
  if (field != wanted)
    throw Error(Code::kUsage, stage_ + " reads " + wanted.text() + ", of which '" + path_ +
                                  "' was made, and the field is " + field.text())
        .hint("the features must be those of the same layer of the same model");
  return field;
}

uint64_t StoredModel::bytes() const {
  const size_t projection = model_.pca ? 2 * directions_.size() + offsets_.size() + model_.pca->mean.size() : 0;
  return (model_.centres.size() + projection) * sizeof(float);
}

void StoredModel::project(const float* row, std::span<float> into) const {
  const size_t width = model_.pca->width;
  for (size_t p = 0; p < into.size(); ++p)
    into[p] = fixed_dot(row, directions_.data() + p * width, width) - offsets_[p];
}

bool StoredModel::finite(const float* row, size_t width) {
  for (size_t d = 0; d < width; ++d) {
    if (!std::isfinite(row[d])) return false;
  }
  return true;
}

}  // namespace penstock::classic
