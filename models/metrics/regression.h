// What is counted over predicted numbers: RMSPE, RMSE, MAE in the target's own units, and the loss that was trained. No torch.
#pragma once

#include <cstdint>
#include <span>

#include "engine/data/target.h"

namespace penstock::metrics {

/// Of e = prediction - target, both transformed.
enum class RegressionLoss : uint8_t {
  kSquared,   ///< e^2
  kAbsolute,  ///< |e|
  kHuber,     ///< e^2 / 2 within 1, |e| - 1/2 beyond (Huber 1964)
};

double loss_of(RegressionLoss loss, double error);

/// Running sums in double. Adding the sums of two parts gives those of the whole to rounding (about 1e-15).
struct RegressionSums {
  int64_t records = 0;
  double loss = 0;      ///< of transformed numbers
  double squares = 0;   ///< of e in the target's own units
  double absolute = 0;  ///< likewise
  double relative_squares = 0;
  int64_t relative_records = 0;  ///< whose target is not 0: a percentage of nothing is none

  /// `predictions` and `targets` (N), transformed; `transform` is inverted before anything but the loss is counted.
  void add(std::span<const float> predictions, std::span<const float> targets, const TargetTransform& transform,
           RegressionLoss kind);
  RegressionSums& operator+=(const RegressionSums& other);

  /// 0 where there is no record.
  double mean_loss() const;
  double rmse() const;
  double mae() const;
  /// Root of the mean of ((target - prediction) / target)^2, over records whose target is not 0.
  double rmspe() const;
};

}  // namespace penstock::metrics
