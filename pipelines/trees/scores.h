// How good the predictions of trees are, counted as those of networks.
#pragma once

#include <span>
#include <vector>

#include "models/metrics/task_sums.h"

namespace penstock::trees {

/// Adds a batch to `sums`: `predictions` (N, K) as Booster::predict() gives them, `targets` (N) numbers, 0 or 1, or classes. Rows whose target is not known (NaN, class -1) are
/// left out.
void add_predictions(metrics::TaskSums& sums, std::span<const float> predictions, std::span<const float> targets);

/// "loss" (of a regression the mean squared error of the transformed target), then the task's figures; none where no row was counted.
std::vector<metrics::Figure> scores_of(const metrics::TaskSums& sums);

}  // namespace penstock::trees
