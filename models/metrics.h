// What is counted over logits: loss, top-k, confusion. No torch: plain f32 arrays, sums in double in the order of the
// records, so that the figures do not depend on how the records were cut into batches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace penstock::metrics {

/// What a model gives of a class.
enum class Given : uint8_t {
  kLogits,
  kProbabilities,  ///< also shares a little beyond 0 and 1; for a loss they are held within 1e-7 of both, below which f32 says nothing
};

/// -log p, p held as above.
double loss_of_probability(double p);

/// The place of `label` among the logits of one record, 0 = first. Classes with the same logit come in the order of their
/// numbers; a logit that is not a number puts the label last.
int64_t rank_of(std::span<const float> logits, int64_t label);

/// -log softmax(logits)[label], in double.
double cross_entropy(std::span<const float> logits, int64_t label);

/// Running sums of a classifier's evaluation. Adding the sums of two parts gives the counts of the whole exactly, and its
/// loss to rounding (about 1e-15).
struct ClassificationSums {
  int64_t records = 0;
  double loss = 0;  ///< sum of cross-entropies, without label smoothing
  int64_t top1 = 0;
  int64_t top5 = 0;

  /// `outputs` (N, classes) C-contiguous, `labels` (N) within [0, classes).
  void add(std::span<const float> outputs, std::span<const int64_t> labels, Given given = Given::kLogits);
  ClassificationSums& operator+=(const ClassificationSums& other);

  /// Means over the records; 0 where there is none.
  double mean_loss() const { return records ? loss / static_cast<double>(records) : 0; }
  double top1_share() const { return records ? static_cast<double>(top1) / static_cast<double>(records) : 0; }
  double top5_share() const { return records ? static_cast<double>(top5) / static_cast<double>(records) : 0; }
};

/// How often class t was taken for class p.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int64_t classes);
  /// `counts` (truth, predicted), C-contiguous.
  ConfusionMatrix(int64_t classes, std::vector<int64_t> counts);

  /// As ClassificationSums::add; what has rank 0 counts as predicted.
  void add(std::span<const float> logits, std::span<const int64_t> labels);
  ConfusionMatrix& operator+=(const ConfusionMatrix& other);

  int64_t classes() const { return classes_; }
  int64_t count(int64_t truth, int64_t predicted) const {
    return counts_[static_cast<size_t>(truth * classes_ + predicted)];
  }
  /// Of the records of a class, the share that was recognised; 0 where there is none.
  double recall(int64_t truth) const;
  /// Of the records taken for a class, the share that is of it; 0 where there is none.
  double precision(int64_t predicted) const;

 private:
  int64_t classes_;
  std::vector<int64_t> counts_;  // (truth, predicted)
};

/// The class of rank 0.
int64_t predicted_class(std::span<const float> logits);

}  // namespace penstock::metrics
