// What is asked of boosted trees and forests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace penstock::classic {

enum class TreesKind {
  kBoosted,  ///< `rounds` rounds, each of which corrects those before
  kForest,   ///< one round of `parallel_trees` trees, each on a sample of its own
};

enum class TreesTask {
  kRegression,  ///< squared error; targets are numbers
  kBinary,      ///< logistic; targets are 0 or 1
  kClasses,     ///< softmax; targets are 0 .. classes - 1
};

enum class GrowPolicy { kDepthwise, kLossguide };

/// XGBoost's parameters under plain names; its documentation says what they do. Defaults are XGBoost's.
struct TreesConfig {
  TreesKind kind = TreesKind::kBoosted;
  TreesTask task = TreesTask::kRegression;
  int64_t classes = 0;  ///< of kClasses
  uint64_t rounds = 100;
  uint64_t parallel_trees = 1;
  double eta = 0.3;         ///< 1 in a forest
  uint64_t max_depth = 6;   ///< 0: no limit
  uint64_t max_leaves = 0;  ///< 0: no limit
  GrowPolicy grow = GrowPolicy::kDepthwise;
  double min_child_weight = 1;
  double subsample = 1;
  double colsample_bytree = 1, colsample_bylevel = 1, colsample_bynode = 1;
  double lambda = 1, alpha = 0, gamma = 0;
  uint64_t max_bin = 256;
  uint64_t max_cat_to_onehot = 4, max_cat_threshold = 64;  ///< of categorical features
  uint64_t early_stopping_rounds = 0;                      ///< 0: none
  /// What is measured after each round, by XGBoost's names; early stopping goes by the first. Empty: the task's own.
  std::vector<std::string> metrics = {};
  uint64_t seed = 0;
  unsigned threads = 1;
  std::string device = "cpu";  ///< or "cuda:N", where XGBoost was built for it
};

/// Throws Error kUsage for values that contradict each other and kDevice for a device that this XGBoost cannot use.
void require_valid(const TreesConfig& config);

/// Its metrics, or the task's own: rmse mae; logloss auc error; mlogloss merror; rmse of a forest of classes, over the shares.
std::vector<std::string> metrics_of(const TreesConfig& config);
/// Whether more is better: auc, aucpr, map, ndcg.
bool is_better_high(const std::string& metric);
/// A forest of classes: a tree for each class learns the share of its rows, 0 or 1 for each of them.
bool learns_shares(const TreesConfig& config);
/// Rounds that are trained at most.
uint64_t rounds_of(const TreesConfig& config);

/// As XGBoost takes it. The draws of a round are keyed by (seed, round), so that a training that goes on draws as one that was never stopped.
std::vector<std::pair<std::string, std::string>> parameters_of(const TreesConfig& config);

}  // namespace penstock::classic
