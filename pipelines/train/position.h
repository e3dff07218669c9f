// Where a training stands, as its checkpoints say it beside the weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/nets/safetensors.h"
#include "pipelines/train/run_logs.h"
#include "pipelines/train/totals.h"

namespace penstock::train {

/// Sums over the steps of the epoch that is under way.
struct EpochSums {
  double loss = 0;  ///< of each step's mean times its records
  uint64_t records = 0;
  uint64_t top1 = 0;
  friend bool operator==(const EpochSums&, const EpochSums&) = default;
};

/// Everything but the weights that going on exactly needs. Values only.
struct Position {
  uint64_t epoch = 0;     ///< from 0
  uint64_t step = 0;      ///< within the epoch: the next one to take; steps_per_epoch: the evaluation comes next
  uint64_t steps = 0;     ///< batches taken since the start
  uint64_t rejected = 0;  ///< in this epoch
  EpochSums sums;
  LogOffsets logs;
  double best = -1;          ///< the best val_top1 so far (train_top1 without validation data); -1: none yet
  uint64_t best_epoch = 0;
  EpochMetrics last;         ///< of the last whole epoch, where epoch > 0
  Totals totals;

  uint64_t data = 0;         ///< digest of the training data
  uint64_t val = 0;          ///< of the validation data; 0: none
  std::string recipe;        ///< resolved, TOML
  std::vector<std::string> classes;

  nets::Metadata to_metadata() const;
  /// Throws Error kData where `metadata` is not of a run's checkpoint; `origin` names it.
  static Position from_metadata(const nets::Metadata& metadata, const std::string& origin);
};

/// The class names in a checkpoint's metadata; empty where there are none.
std::vector<std::string> classes_of(const nets::Metadata& metadata);

}  // namespace penstock::train
