#include "models/metrics/regression.h"

#include <cmath>

#include "engine/base/error.h"

namespace penstock::metrics {
namespace {

double mean(double sum, int64_t count) { return count > 0 ? sum / static_cast<double>(count) : 0; }

}  // namespace

double loss_of(RegressionLoss loss, double error) {
  const double size = std::abs(error);
  if (loss == RegressionLoss::kSquared) return error * error;
  if (loss == RegressionLoss::kAbsolute) return size;
  return size < 1 ? error * error / 2 : size - 0.5;
}

void RegressionSums::add(std::span<const float> predictions, std::span<const float> targets,
                         const TargetTransform& transform, RegressionLoss kind) {
  PENSTOCK_CHECK(predictions.size() == targets.size());
  // A target of 0 as it is learnt: on its way back it would be rounding, and percentages of that are anything.
  const double none = (0 - transform.mean) / transform.deviation;
  for (size_t i = 0; i < targets.size(); ++i) {
    const double predicted = predictions[i], truth = targets[i];
    loss += loss_of(kind, predicted - truth);
    const double own = transform.invert(truth), error = transform.invert(predicted) - own;
    squares += error * error;
    absolute += std::abs(error);
    if (own == 0 || (transform.log != TargetLog::kLog && targets[i] == static_cast<float>(none))) continue;
    relative_squares += (error / own) * (error / own);
    ++relative_records;
  }
  records += static_cast<int64_t>(targets.size());
}

RegressionSums& RegressionSums::operator+=(const RegressionSums& other) {
  records += other.records;
  loss += other.loss;
  squares += other.squares;
  absolute += other.absolute;
  relative_squares += other.relative_squares;
  relative_records += other.relative_records;
  return *this;
}

double RegressionSums::mean_loss() const { return mean(loss, records); }
double RegressionSums::rmse() const { return std::sqrt(mean(squares, records)); }
double RegressionSums::mae() const { return mean(absolute, records); }
double RegressionSums::rmspe() const { return std::sqrt(mean(relative_squares, relative_records)); }

}  // namespace penstock::metrics
