// How good predictions of rows are.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/target.h"
#include "models/classic/trees/trees_config.h"

namespace penstock::trees {

/// A name and a value, as they stand in results.
using Score = std::pair<std::string, double>;

/// Running sums over predictions, in double in the order of the rows.
///   regression  loss (mean squared error of the transformed target); in the target's own units rmspe over the rows whose target is not 0, rmse, mae
///   binary      loss and log_loss (the same), auc (ties count half), accuracy at 1/2
///   classes     loss and log_loss (the same), accuracy
/// Probabilities are held within 1e-7 of 0 and 1, below which f32 says nothing.
class Scores {
 public:
  Scores(classic::TreesTask task, TargetTransform transform) : task_(task), transform_(transform) {}

  /// `prediction` of `outputs` values. Rows whose target is not known (NaN, class -1) are left out.
  void add(const float* prediction, size_t outputs, float target);
  uint64_t rows() const { return rows_; }
  /// In the order above; none where there are no rows. auc is left out where all targets are the same.
  std::vector<Score> all() const;

 private:
  void add_number(double predicted, double target);
  void add_class(const float* p, size_t outputs, size_t label);
  double auc() const;

  classic::TreesTask task_;
  TargetTransform transform_;
  uint64_t rows_ = 0;
  double loss_ = 0, squares_ = 0, absolute_ = 0, relative_ = 0;
  uint64_t relative_rows_ = 0, right_ = 0;
  std::vector<float> zeros_, ones_;  ///< probabilities by target, for the AUC
};

}  // namespace penstock::trees
