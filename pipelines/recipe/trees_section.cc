#include "pipelines/recipe/trees_section.h"

#include <algorithm>
#include <cmath>

namespace penstock::pipelines {

using classic::GrowPolicy;
using classic::TreesConfig;
using classic::TreesKind;
using classic::TreesTask;

void TreesSection::describe(ParamTable<TreesSection>& t) {
  using T = TreesSection;
  t.add("kind", &T::kind, "boosted: round after round corrects those before; forest: many trees side by side",
        one_of<TreesKind>({{"boosted", TreesKind::kBoosted}, {"forest", TreesKind::kForest}}));
  t.add("rounds", &T::rounds, "boosted: rounds at most", at_least(1));
  t.add("trees", &T::trees, "trees of a round for each output; by default 1, of a forest 200", at_least(1));
  t.add("eta", &T::eta, "boosted: share of a round's correction that is taken, the learning rate", above_up_to(0, 1));
  t.add("max_depth", &T::max_depth, "0: no limit; by default 6, of a forest 16", in_range(0, 64));
  t.add("max_leaves", &T::max_leaves, "0: no limit");
  t.add("grow", &T::grow, "depthwise: level by level; lossguide: the best leaf first",
        one_of<GrowPolicy>({{"depthwise", GrowPolicy::kDepthwise}, {"lossguide", GrowPolicy::kLossguide}}));
  t.add("min_child_weight", &T::min_child_weight, "hessian of a leaf at least; in squared error its rows", at_least(0));
  t.add("subsample", &T::subsample, "share of the rows that a tree sees; by default 1, of a forest 0.8",
        above_up_to(0, 1));
  t.add("colsample_bytree", &T::colsample_bytree, "share of the features that a tree sees", above_up_to(0, 1));
  t.add("colsample_bylevel", &T::colsample_bylevel, "of those, that a level sees", above_up_to(0, 1));
  t.add("colsample_bynode", &T::colsample_bynode,
        "of those, that a node sees; by default 1, of a forest twice the square root of all, in a regression a third",
        above_up_to(0, 1));
  t.add("lambda", &T::lambda, "L2 on leaves; by default 1, of a forest 1e-5", at_least(0));
  t.add("alpha", &T::alpha, "L1 on leaves", at_least(0));
  t.add("gamma", &T::gamma, "gain that a split needs", at_least(0));
  t.add("max_bin", &T::max_bin, "values of a feature that are told apart", in_range(2, 65536));
  t.add("categories", &T::categories,
        "categorical: splits part codes in any two groups; ordinal: codes are numbers like others",
        one_of<TreeCategories>({{"categorical", TreeCategories::kCategorical}, {"ordinal", TreeCategories::kOrdinal}}));
  t.add("max_cat_to_onehot", &T::max_cat_to_onehot, "with fewer categories than this a split takes one against all",
        at_least(1));
  t.add("max_cat_threshold", &T::max_cat_threshold, "categories that a split looks at, at most", at_least(1));
  t.add("early_stopping_rounds", &T::early_stopping_rounds,
        "end after as many rounds without a better first metric on the validation data; 0: never");
  t.add("metrics", &T::metrics,
        "measured each round, XGBoost's names: rmse, mae, logloss, auc, error, mlogloss, merror, ...; by default the "
        "task's");
  t.add("device", &T::device, "\"cpu\", or \"cuda:N\" where XGBoost was built for it", not_empty());
  t.add("memory", &T::memory, "where binned rows lie: ram, disk (RUN/cache), or auto: ram where budget.ram has room",
        one_of<TreeMemory>({{"auto", TreeMemory::kAuto}, {"ram", TreeMemory::kRam}, {"disk", TreeMemory::kDisk}}));
  t.add("block", &T::block, "rows handed over at once; a page on disk has as many; 0: 16 MiB of them");
}

TreesConfig config_for(const TreesSection& section, TreesTask task, int64_t classes, size_t features, uint64_t seed,
                       unsigned threads) {
  const bool forest = section.kind == TreesKind::kForest;
  const double all = static_cast<double>(std::max<size_t>(1, features));
  const double looked_at = task == TreesTask::kRegression ? all / 3 : std::min(all, 2 * std::floor(std::sqrt(all)));
  return {.kind = section.kind,
          .task = task,
          .classes = classes,
          .rounds = section.rounds,
          .parallel_trees = section.trees.value_or(forest ? 200 : 1),
          .eta = section.eta,
          .max_depth = section.max_depth.value_or(forest ? 16 : 6),
          .max_leaves = section.max_leaves,
          .grow = section.grow,
          .min_child_weight = section.min_child_weight,
          .subsample = section.subsample.value_or(forest ? 0.8 : 1),
          .colsample_bytree = section.colsample_bytree,
          .colsample_bylevel = section.colsample_bylevel,
          .colsample_bynode = section.colsample_bynode.value_or(forest ? std::max(1.0, looked_at) / all : 1),
          .lambda = section.lambda.value_or(forest ? 1e-5 : 1),
          .alpha = section.alpha,
          .gamma = section.gamma,
          .max_bin = section.max_bin,
          .max_cat_to_onehot = section.max_cat_to_onehot,
          .max_cat_threshold = section.max_cat_threshold,
          .early_stopping_rounds = section.early_stopping_rounds,
          .metrics = section.metrics,
          .seed = seed,
          .threads = threads,
          .device = section.device};
}

}  // namespace penstock::pipelines
