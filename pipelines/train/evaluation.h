// One pass over validation data: every record counted once.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "engine/data/source.h"
#include "engine/graph/graph.h"
#include "engine/run/run.h"
#include "models/metrics.h"
#include "models/metrics/task_sums.h"
#include "pipelines/train/lanes.h"

namespace penstock::train {

struct Evaluation {
  metrics::ClassificationSums sums;  ///< of rows records and loss alone
  std::vector<metrics::Figure>
      figures;  ///< of rows: what the task is measured by, the first of them models are chosen by; else empty
  std::optional<metrics::ConfusionMatrix> confusion;
  Report report;
  bool stopped = false;  ///< on request, before the end: the sums are of no use
};

struct EvaluationOptions {
  RunOptions run;  ///< order and last are set here: sequential, keep
  bool confusion = false;
  /// Test-time augmentation: the mean of the probabilities over the view of `graph` and that many draws of this one. The passes go
  /// side by side, batch by batch, so nothing but one batch of logits is kept.
  const Graph* augmented = nullptr;
  uint64_t draws = 0;
  std::stop_token stop = {};
  std::function<void(uint64_t records)> progress = {};
};

/// Runs `graph` over `source` on all lanes; several processes each take their share (options.run says which), and all get the sums and the
/// confusion of the whole. Throws what the run throws (kData for a bad record: evaluation replaces nothing), and
/// Error kUsage where a record has no label.
Evaluation evaluate(Lanes& lanes, const Graph& graph, const Source& source, EvaluationOptions options);

/// What people want to know of a network's outputs (N, width), in place: numbers in the target's own units, the probability of 1, or those of the
/// classes.
void to_predictions(std::span<float> values, size_t width, const learn::LearnerConfig& config);

/// softmax of each row, in place. `values` (N, classes).
void to_probabilities(std::span<float> values, size_t classes);

}  // namespace penstock::train
