// The jobs `evaluate` and `infer` for trees.
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "io/data/dataset.h"
#include "models/metrics/task_sums.h"
#include "pipelines/train/evaluate_job.h"
#include "pipelines/train/infer_job.h"

#include "pipelines/trees/trees_model.h"

namespace penstock::trees {

struct TreesEvaluation {
  uint64_t records = 0;  ///< that were scored
  uint64_t rejected = 0;
  std::vector<metrics::Figure> scores;
  double seconds = 0;

  /// `records`, `loss` and the other scores, `rejected`, `seconds`, `records_per_second`.
  std::string to_json() const;
  std::string text() const;
};

/// Every record once, as evaluate_model(). Of the options tta and confusion are refused (Error kUsage). `predictions`: a CSV with a row a record, id,actual,predicted: numbers in
/// the target's own units, the probability of 1, or classes; "": none.
TreesEvaluation evaluate_trees(const TreesModel& model, const io::Dataset& data, const train::EvaluateOptions& options,
                               const std::string& predictions = {});

/// A row a record, in record order, as infer_model(). Classes and a binary question give probabilities (of "0" and "1" where classes have no names); a regression one column, f0: the
/// number in the target's own units. Features of a layer are refused.
train::InferResult infer_trees(const TreesModel& model, const io::Dataset& data, const train::InferOptions& options);

/// Predictions of `booster` over one pass; `row(batch, values, outputs)` gets them batch by batch, also empty ones, for what they refused. Throws Error kCancelled where it was stopped.
void predict_all(const classic::Booster& booster, const pipelines::Recipe& recipe, const io::Dataset& data,
                 RunOptions run, std::stop_token stop,
                 const std::function<void(const Batch& batch, std::span<const float> values)>& take);

}  // namespace penstock::trees
