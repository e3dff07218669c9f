#include "stages/classic/neighbours.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "io/file/checksum.h"
#include "io/table/feature_table.h"
#include "models/classic/fixed_order.h"
#include "models/classic/neighbours.h"
#include "stages/classic/stored_model.h"

namespace penstock::classic {

void Neighbours::Params::describe(ParamTable<Params>& t) {
  t.add("rows", &Params::rows, "the rows to search, .h5 or .csv, as penstock infer --features writes them");
  t.add("k", &Params::k, "how many of them", in_range(1, kMostNeighbours));
  t.add("metric", &Params::metric, "what is near: l2, cosine or dot",
        one_of<Metric>({{"l2", Metric::kL2}, {"cosine", Metric::kCosine}, {"dot", Metric::kDot}}));
}

Neighbours::Neighbours(const Params& params) : params_(params) {
  if (params_.rows.empty()) return;
  const std::unique_ptr<io::FeatureTable> table = io::open_features(params_.rows);
  if (table->rows() == 0)
    throw Error(Code::kData, "'" + params_.rows + "' has no row with features: classic.neighbours has none to search");
  width_ = table->width();
  values_.resize(table->rows() * width_);
  ids_.resize(table->rows());
  table->read(0, values_);
  table->read_ids(0, ids_);
  if (params_.metric == Metric::kCosine)
    for (size_t i = 0; i < ids_.size(); ++i) norms_.push_back(norm_of(values_.data() + i * width_));
  io::Checksum checksum;
  checksum.add(width_).add(std::as_bytes(std::span(ids_))).add(std::as_bytes(std::span(values_)));
  contents_ = io::hex(checksum.value());
}

Bound Neighbours::bind(const Schema& in) const {
  if (params_.rows.empty())
    throw Error(Code::kUsage, "classic.neighbours has no rows to search")
        .hint("rows = FILE.h5, as penstock infer --features writes it");
  const Field& field = in.require("features", "classic.neighbours");
  const Field wanted = Field::fixed("features", DType::kF32, {static_cast<int64_t>(width_)});
  if (field != wanted)
    throw Error(Code::kUsage, "classic.neighbours reads " + wanted.text() + ", of which the rows of '" + params_.rows +
                                  "' are, and the field is " + field.text())
        .hint("the features must be those of the same layer of the same model");
  if (params_.k > ids_.size())
    throw Error(Code::kUsage, "classic.neighbours looks for " + std::to_string(params_.k) + " neighbours, and '" +
                                  params_.rows + "' has " + std::to_string(ids_.size()) + " rows with features")
        .hint("k = " + std::to_string(ids_.size()) + " or less");
  const auto k = static_cast<int64_t>(params_.k);
  const char* value = params_.metric == Metric::kDot ? "product" : "distance";
  return {.reads = {"features"},
          .writes = {Field::fixed("neighbour", DType::kI64, {k}), Field::fixed(value, DType::kF32, {k})},
          .scratch_bytes = params_.k * sizeof(Found),
          .resident_bytes = ids_.size() * (width_ * sizeof(float) + sizeof(int64_t)) + norms_.size() * sizeof(float),
          .contents = contents_};
}

float Neighbours::norm_of(const float* row) const { return std::sqrt(fixed_dot(row, row, width_)); }

float Neighbours::score_of(const float* query, float query_norm, size_t row) const {
  const float* values = values_.data() + row * width_;
  if (params_.metric == Metric::kL2) return fixed_distance2(query, values, width_);
  const float product = fixed_dot(query, values, width_);
  if (params_.metric == Metric::kDot) return -product;
  const float norms = query_norm * norms_[row];
  return norms > 0 ? 1 - product / norms : 1;
}

float Neighbours::value_of(float score) const {
  if (params_.metric == Metric::kL2) return std::sqrt(score);
  return params_.metric == Metric::kDot ? -score : std::max(0.0f, score);
}

void Neighbours::run(SliceView& slice, Scratch& scratch) const {
  const size_t k = params_.k;
  const auto features = slice.in(0).as<float>();
  const auto ids = slice.out(0).as<int64_t>();
  const auto values = slice.out(1).as<float>();
  auto& found = scratch.get<std::vector<Found>>(k);
  for (size_t i = 0; i < slice.count(); ++i) {
    const float* query = features.data() + i * width_;
    std::fill_n(ids.begin() + static_cast<ptrdiff_t>(i * k), k, -1);
    std::fill_n(values.begin() + static_cast<ptrdiff_t>(i * k), k, 0.0f);
    if (!StoredModel::finite(query, width_)) {
      slice.reject(i, "a feature is not finite");
      continue;
    }
    const float query_norm = params_.metric == Metric::kCosine ? norm_of(query) : 0;
    size_t count = 0;
    bool overflows = !std::isfinite(query_norm);
    for (size_t row = 0; row < ids_.size() && !overflows; ++row) {
      const float score = score_of(query, query_norm, row);
      overflows = !std::isfinite(score);
      if (count == k && score >= found[k - 1].score) continue;
      size_t at = count < k ? count++ : k - 1;
      for (; at > 0 && score < found[at - 1].score; --at) found[at] = found[at - 1];
      found[at] = {score, static_cast<int64_t>(row)};
    }
    if (overflows) {
      slice.reject(i, "its distances to the rows of '" + params_.rows + "' overflow");
      continue;
    }
    for (size_t n = 0; n < k; ++n) {
      ids[i * k + n] = ids_[static_cast<size_t>(found[n].row)];
      values[i * k + n] = value_of(found[n].score);
    }
  }
}

}  // namespace penstock::classic
