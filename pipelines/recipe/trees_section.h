// [trees]: boosted trees or a forest in the place of a network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/params.h"
#include "models/classic/trees/trees_config.h"

namespace penstock::pipelines {

/// How trees take the codes of categories.
enum class TreeCategories {
  kCategorical,  ///< as names: a split parts them in any two groups
  kOrdinal,      ///< as numbers, in the order of the codes
};

/// Where rows lie as bins while trees grow.
enum class TreeMemory {
  kAuto,  ///< in memory where budget.ram has room for them, else in files
  kRam,
  kDisk,  ///< in RUN/cache
};

/// What is not set follows `kind`: see config_for().
struct TreesSection {
  classic::TreesKind kind = classic::TreesKind::kBoosted;
  uint64_t rounds = 100;
  std::optional<uint64_t> trees;
  double eta = 0.3;
  std::optional<uint64_t> max_depth;
  uint64_t max_leaves = 0;
  classic::GrowPolicy grow = classic::GrowPolicy::kDepthwise;
  double min_child_weight = 1;
  std::optional<double> subsample;
  double colsample_bytree = 1;
  double colsample_bylevel = 1;
  std::optional<double> colsample_bynode;
  std::optional<double> lambda;
  double alpha = 0;
  double gamma = 0;
  uint64_t max_bin = 256;
  TreeCategories categories = TreeCategories::kCategorical;
  uint64_t max_cat_to_onehot = 4;
  uint64_t max_cat_threshold = 64;
  uint64_t early_stopping_rounds = 0;
  std::vector<std::string> metrics;
  std::string device = "cpu";
  TreeMemory memory = TreeMemory::kAuto;
  uint64_t block = 0;
  static void describe(ParamTable<TreesSection>& t);
};

/// What XGBoost is asked for. A forest without settings of its own has 200 trees of depth 16, each on 80 % of the rows, with twice the square root of `features` looked at in a node (a third of
/// them in a regression), and next to no regularisation: on three small tables as good as scikit-learn's or better.
classic::TreesConfig config_for(const TreesSection& section, classic::TreesTask task, int64_t classes, size_t features,
                                uint64_t seed, unsigned threads);

}  // namespace penstock::pipelines
