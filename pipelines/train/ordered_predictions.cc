#include "pipelines/train/ordered_predictions.h"

#include "engine/base/error.h"

namespace penstock::train {

void OrderedPredictions::add(const Taken& taken, std::span<const float> values) {
  const size_t width = taken.ids.empty() ? 0 : values.size() / taken.ids.size();
  const std::span<const Rejection> refused = taken.rejections;
  size_t r = 0;
  for (size_t i = 0; i < taken.ids.size(); ++i) {
    for (; r < refused.size() && refused[r].record < taken.ids[i]; ++r) refuse(refused[r]);
    open(width);
    put({.id = taken.ids[i],
         .file = data_.name(taken.ids[i]),
         .values = values.subspan(i * width, width),
         .error = {}});
  }
  for (; r < refused.size(); ++r) refuse(refused[r]);
}

void OrderedPredictions::finish(size_t width) {
  open(width);
  sink_->commit();
}

void OrderedPredictions::open(size_t width) {
  if (sink_) return;
  sink_ = make_sink_(width);
  for (const auto& [id, reason] : early_) put_error(id, reason);
  early_.clear();
}

void OrderedPredictions::refuse(const Rejection& r) {
  ++errors_;
  if (sink_)
    put_error(r.record, r.reason);
  else
    early_.emplace_back(r.record, r.reason);
}

void OrderedPredictions::put_error(uint64_t id, const std::string& reason) {
  put({.id = id, .file = data_.name(id), .values = {}, .error = reason});
}

void OrderedPredictions::put(const PredictionRow& row) {
  PENSTOCK_CHECK(row.id == count_);  // one a record, in order
  sink_->row(row);
  ++count_;
}

}  // namespace penstock::train
