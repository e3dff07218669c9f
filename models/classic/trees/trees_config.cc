#include "models/classic/trees/trees_config.h"

#include <cstdio>
#include <string_view>

#include "engine/base/error.h"
#include "models/classic/trees/xgboost_calls.h"

namespace penstock::classic {
namespace {

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

bool built_for_cuda() {
  const char* json = nullptr;
  require_done(xgboost().XGBuildInfo(&json), "saying how it was built");
  const std::string_view info = json;
  const size_t at = info.find("\"USE_CUDA\":");
  return at != std::string_view::npos && info.substr(at, 20).find("true") != std::string_view::npos;
}

void require_device(const std::string& device) {
  if (device == "cpu") return;
  if (device != "cuda" && !device.starts_with("cuda:"))
    throw Error(Code::kUsage, "trees are grown on \"cpu\" or \"cuda:N\", not on \"" + device + "\"");
  if (!built_for_cuda())
    throw Error(Code::kDevice, "trees cannot be grown on " + device + ": this XGBoost was built without CUDA")
        .hint("trees.device = \"cpu\"");
}

const char* objective_of(const TreesConfig& config) {
  // The mean over a forest's trees of the shares in their leaves is the probability; squared error splits as Gini's index does.
  if (config.kind == TreesKind::kForest) return "reg:squarederror";
  switch (config.task) {
    case TreesTask::kRegression: return "reg:squarederror";
    case TreesTask::kBinary: return "binary:logistic";
    case TreesTask::kClasses: return "multi:softprob";
  }
  return "";
}

}  // namespace

void require_valid(const TreesConfig& config) {
  const auto wrong = [](const std::string& text) { return Error(Code::kUsage, "trees: " + text); };
  require_device(config.device);
  if (config.task == TreesTask::kClasses && config.classes < 2)
    throw wrong("there are " + std::to_string(config.classes) + " classes, and at least two must be told apart");
  if (rounds_of(config) == 0 || config.parallel_trees == 0) throw wrong("not one tree is asked for");
  if (config.max_bin < 2) throw wrong("max_bin is at least 2");
  if (config.grow == GrowPolicy::kDepthwise && config.max_depth == 0 && config.max_leaves == 0 &&
      config.min_child_weight <= 0)
    throw wrong("nothing ends the growth of a tree").hint("set max_depth, max_leaves or min_child_weight");
  if (config.kind == TreesKind::kForest && config.early_stopping_rounds > 0)
    throw wrong("a forest has one round, which nothing stops early");
}

std::vector<std::string> metrics_of(const TreesConfig& config) {
  if (!config.metrics.empty()) return config.metrics;
  if (learns_shares(config)) return {"rmse"};
  switch (config.task) {
    case TreesTask::kRegression: return {"rmse", "mae"};
    case TreesTask::kBinary: return {"logloss", "auc", "error"};
    case TreesTask::kClasses: return {"mlogloss", "merror"};
  }
  return {};
}

bool is_better_high(const std::string& metric) {
  for (const std::string_view name : {"auc", "aucpr", "map", "ndcg", "pre"})
    if (metric == name || metric.starts_with(std::string(name) + "@")) return true;
  return false;
}

bool learns_shares(const TreesConfig& config) {
  return config.kind == TreesKind::kForest && config.task == TreesTask::kClasses;
}

uint64_t rounds_of(const TreesConfig& config) { return config.kind == TreesKind::kForest ? 1 : config.rounds; }

std::vector<std::pair<std::string, std::string>> parameters_of(const TreesConfig& config) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"booster", "gbtree"},
      {"tree_method", "hist"},
      {"objective", objective_of(config)},
      {"num_parallel_tree", std::to_string(config.parallel_trees)},
      {"eta", number(config.kind == TreesKind::kForest ? 1 : config.eta)},
      {"max_depth", std::to_string(config.max_depth)},
      {"max_leaves", std::to_string(config.max_leaves)},
      {"grow_policy", config.grow == GrowPolicy::kLossguide ? "lossguide" : "depthwise"},
      {"min_child_weight", number(config.min_child_weight)},
      {"subsample", number(config.subsample)},
      {"colsample_bytree", number(config.colsample_bytree)},
      {"colsample_bylevel", number(config.colsample_bylevel)},
      {"colsample_bynode", number(config.colsample_bynode)},
      {"lambda", number(config.lambda)},
      {"alpha", number(config.alpha)},
      {"gamma", number(config.gamma)},
      {"max_bin", std::to_string(config.max_bin)},
      {"max_cat_to_onehot", std::to_string(config.max_cat_to_onehot)},
      {"max_cat_threshold", std::to_string(config.max_cat_threshold)},
      {"seed", std::to_string(config.seed)},
      {"seed_per_iteration", "1"},
      {"nthread", std::to_string(config.threads)},
      {"device", config.device},
      {"verbosity", "0"},
      {"disable_default_eval_metric", "1"}};
  if (config.task == TreesTask::kClasses)
    all.emplace_back(learns_shares(config) ? "num_target" : "num_class", std::to_string(config.classes));
  for (const std::string& metric : metrics_of(config)) all.emplace_back("eval_metric", metric);
  return all;
}

}  // namespace penstock::classic
