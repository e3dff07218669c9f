// The job `evaluate`: how good a model is on a data set.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "engine/telemetry/trace.h"
#include "pipelines/job/progress.h"
#include "pipelines/train/evaluation.h"
#include "pipelines/train/model.h"

namespace penstock::train {

struct EvaluateOptions {
  uint64_t tta = 0;        ///< augmented views beside the centre one
  bool confusion = false;  ///< count which class was taken for which
  unsigned threads = 1;
  std::stop_token stop = {};
  ProgressSink* progress = nullptr;
  Trace* trace = nullptr;
  Clock* clock = nullptr;
  ProcessGroup* processes = nullptr;  ///< null: this one alone
  std::string predictions = {};       ///< of rows: a CSV to write, see PredictedRows; "": none. By one process
};

struct EvaluateResult {
  Evaluation evaluation;
  std::vector<std::string> classes;
  double seconds = 0;
  uint64_t views = 1;

  /// `records`, `loss`, `top1`, `top5` and more.
  std::string to_json() const;
  std::string text() const;
};

/// Every record is counted once; a bad one ends it (Error kData), unless the recipe's faults.eval skips it. Throws Error kCancelled
/// where it was stopped.
EvaluateResult evaluate_model(const Model& model, const io::Dataset& data, const EvaluateOptions& options);

}  // namespace penstock::train
