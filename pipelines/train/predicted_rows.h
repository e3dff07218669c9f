// What `evaluate --predictions` writes: what records truly are, and what a model takes them for.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/target.h"
#include "io/table/csv_writer.h"

namespace penstock::train {

/// A CSV with a row a record, id,actual,predicted: numbers in the target's own units, the probability of 1, or classes by name. Appears whole with finish(), or not at all.
/// One thread.
class PredictedRows {
 public:
  /// `as_read`: the target of a regression as the table has it, for ids that ascend; empty: what the transformed one gives back.
  PredictedRows(io::FileSystem& fs, const std::string& path, Task task, const TargetTransform& transform,
                std::vector<std::string> classes, std::function<double(uint64_t id)> as_read = {});

  /// `actual` (ids), as it came in the batch: a transformed target, 0 or 1, or a class. `predicted` (ids, width): transformed targets, probabilities of 1, or a score for each class.
  void add(std::span<const uint64_t> ids, std::span<const float> actual, std::span<const float> predicted);
  void finish() { csv_.finish(); }

 private:
  Task task_;
  TargetTransform transform_;
  std::vector<std::string> classes_;
  std::function<double(uint64_t)> as_read_;
  io::CsvWriter csv_;
};

}  // namespace penstock::train
