// Predictions and refused records of batch after batch, as a row a record.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/data/dataset.h"
#include "pipelines/train/prediction_sink.h"
#include "pipelines/train/taken.h"

namespace penstock::train {

/// Makes the sink when the first good record shows how wide a row is, and merges refused records into record order. One thread.
class OrderedPredictions {
 public:
  using MakeSink = std::function<std::unique_ptr<PredictionSink>(size_t width)>;
  /// `data` must outlive it.
  OrderedPredictions(const io::Dataset& data, MakeSink make_sink) : data_(data), make_sink_(std::move(make_sink)) {}

  /// A batch behind the one before: `values` (records, width) of those it has.
  void add(const Taken& taken, std::span<const float> values);
  /// The file appears. `width` counts where no record was good.
  void finish(size_t width);

  uint64_t count() const { return count_ + early_.size(); }
  uint64_t errors() const { return errors_; }

 private:
  void open(size_t width);
  void refuse(const Rejection& r);
  void put_error(uint64_t id, const std::string& reason);
  void put(const PredictionRow& row);

  const io::Dataset& data_;
  MakeSink make_sink_;
  std::unique_ptr<PredictionSink> sink_;
  std::vector<std::pair<uint64_t, std::string>> early_;  ///< refused before the sink was there
  uint64_t count_ = 0;
  uint64_t errors_ = 0;
};

}  // namespace penstock::train
