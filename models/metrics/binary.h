// What is counted over the logits, or the probabilities, of a yes-or-no question: AUC, log loss, accuracy. No torch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/metrics.h"

namespace penstock::metrics {

/// -log of the probability that a logit gives to `truth`, in double; no logit overflows it.
double binary_cross_entropy(double logit, bool truth);

/// Running sums, and every score: the area under the curve is a matter of ranks. 4 bytes a record, and as much again while auc()
/// sorts. Adding those of two parts gives the AUC and the accuracy of the whole exactly, and its loss to rounding.
class BinarySums {
 public:
  /// `outputs` and `targets` (N), targets 0 or 1; `given` the same in all calls. An output that is not a number counts as the lowest.
  void add(std::span<const float> outputs, std::span<const float> targets, Given given = Given::kLogits);
  BinarySums& operator+=(const BinarySums& other);

  int64_t records() const { return static_cast<int64_t>(positives_.size() + negatives_.size()); }
  /// Mean cross-entropy; 0 where there is no record, as accuracy().
  double log_loss() const;
  /// Share of the records on whose side of 0 the logit is, or of 1/2 the probability; the middle itself is on the side of 0.
  double accuracy() const;
  /// The chance that a record of 1 scores higher than one of 0, ties counted half (Mann and Whitney 1947); exact. 0.5 where one
  /// of the two is missing. O(n log n): not for every step.
  double auc() const;

  /// For those who bring sums from process to process.
  std::span<const float> positives() const { return positives_; }
  std::span<const float> negatives() const { return negatives_; }

 private:
  std::vector<float> positives_, negatives_;
  double loss_ = 0;
  int64_t right_ = 0;
};

}  // namespace penstock::metrics
