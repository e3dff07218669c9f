#include "pipelines/trees/scores.h"

#include <cmath>

#include "engine/base/error.h"

namespace penstock::trees {

void add_predictions(metrics::TaskSums& sums, std::span<const float> predictions, std::span<const float> targets) {
  if (targets.empty()) return;
  PENSTOCK_CHECK(predictions.size() % targets.size() == 0);
  const size_t width = predictions.size() / targets.size();
  std::vector<float> outputs, known;
  std::vector<int64_t> labels;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!std::isfinite(targets[i]) || (sums.task() != Task::kRegression && targets[i] < 0)) continue;
    if (sums.task() == Task::kClasses && targets[i] >= static_cast<float>(width)) continue;
    const auto row = predictions.subspan(i * width, width);
    outputs.insert(outputs.end(), row.begin(), row.end());
    known.push_back(targets[i]);
    labels.push_back(static_cast<int64_t>(targets[i]));
  }
  if (sums.task() == Task::kClasses)
    sums.add(outputs, labels, metrics::Given::kProbabilities);
  else
    sums.add(outputs, known, metrics::Given::kProbabilities);
}

std::vector<metrics::Figure> scores_of(const metrics::TaskSums& sums) {
  if (sums.records() == 0) return {};
  std::vector<metrics::Figure> out = sums.figures();
  out.insert(out.begin(), {"loss", sums.mean_loss(), /*lower_is_better=*/true});
  return out;
}

}  // namespace penstock::trees
