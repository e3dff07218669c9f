// Where a training stands, as its checkpoints say it beside the weights.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
  double best = -1;  ///< the best EpochMetrics::score() so far: none is below 0; -1: none yet
  uint64_t best_epoch = 0;
  EpochMetrics last;  ///< of the last whole epoch, where epoch > 0
  Totals totals;

  int torch_threads = 0;  ///< of the learner; 0: not known
  std::string data;       ///< digest of the training data, 16 hex digits
  std::string val;        ///< of the validation data; "": none
  std::string recipe;     ///< resolved, TOML
  std::vector<std::string> classes;

  /// One line of JSON: the metadata of a checkpoint.
  std::string to_json() const;
  /// Throws Error kData where `text` is not what to_json() gives; `origin` names it.
  static Position from_json(std::string_view text, const std::string& origin);
};

}  // namespace penstock::train
