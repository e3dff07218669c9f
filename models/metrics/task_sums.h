// What an evaluation of rows counts, whatever is learnt of them, and the figures that it comes to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/target.h"
#include "models/metrics.h"
#include "models/metrics/binary.h"
#include "models/metrics/regression.h"

namespace penstock::metrics {

struct Figure {
  std::string name;  ///< "rmspe", "auc", ...
  double value = 0;
  bool lower_is_better = false;
  bool operator==(const Figure&) const = default;
};

/// Where `b` is better than `a`.
inline bool better(const Figure& a, const Figure& b) {
  return a.lower_is_better ? b.value < a.value : b.value > a.value;
}

/// "rmspe 0.1021, rmse 712.4".
std::string text_of(std::span<const Figure> figures);

/// Of the task alone, so that nets and trees are told apart by the same figures. Regression: rmspe, rmse, mae in the target's own
/// units. Binary: auc, log_loss, accuracy. Classes: accuracy, log_loss. No auc of one kind of target alone, no rmspe of zeros alone. Not
/// thread-safe.
class TaskSums {
 public:
  explicit TaskSums(Task task, TargetTransform transform = {}, RegressionLoss loss = RegressionLoss::kSquared);

  /// `outputs` (N) transformed numbers, or what `given` says, `targets` (N). Not of kClasses.
  void add(std::span<const float> outputs, std::span<const float> targets, Given given = Given::kLogits);
  /// `outputs` (N, K), `labels` (N) within [0, K). Of kClasses alone.
  void add(std::span<const float> outputs, std::span<const int64_t> labels, Given given = Given::kLogits);
  TaskSums& operator+=(const TaskSums& other);

  Task task() const { return task_; }
  int64_t records() const;
  double mean_loss() const;
  /// The first is the one that models are chosen by. A regression's is rmspe where the logarithm was learnt, else rmse.
  std::vector<Figure> figures() const;

  /// For another process; `bytes` of the same task. Throws Error kInternal where they are not.
  std::string to_bytes() const;
  void add_bytes(std::string_view bytes);

 private:
  Task task_;
  TargetTransform transform_;
  RegressionLoss loss_;
  RegressionSums regression_;
  BinarySums binary_;
  ClassificationSums classes_;
};

}  // namespace penstock::metrics
