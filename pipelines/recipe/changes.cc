#include "pipelines/recipe/changes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "pipelines/recipe/phases.h"
#include "pipelines/recipe/tree.h"

namespace penstock::pipelines {
namespace {

/// "crop", or "crop (eval)" for the second of two stages that share an id in different graphs.
std::vector<std::pair<std::string, const StageSpec*>> named(const std::vector<StageSpec>& stages) {
  std::vector<std::pair<std::string, const StageSpec*>> all;
  std::set<std::string> used;
  for (const StageSpec& stage : stages) {
    std::string name = stage.id;
    if (!used.insert(name).second) name += stage.when == When::kEval ? " (eval)" : " (train)";
    all.emplace_back(std::move(name), &stage);
  }
  return all;
}

ValueMap table_of(const StageSpec& stage) { return *ParamCodec<StageSpec>::write(stage, {})->get_if<ValueMap>(); }

class Comparison {
 public:
  void compare(const std::string& prefix, const ValueMap& before, const ValueMap& after) {
    const ValueMap a = flatten(before);
    const ValueMap b = flatten(after);
    std::set<std::string> keys;
    for (const auto& [key, value] : a) keys.insert(key);
    for (const auto& [key, value] : b) keys.insert(key);
    for (const std::string& key : keys) note(prefix + key, text_of(a, key), text_of(b, key));
  }

  void compare_stages(const std::vector<StageSpec>& before, const std::vector<StageSpec>& after) {
    const auto a = named(before);
    const auto b = named(after);
    const auto spec = [](const auto& all, const std::string& name) -> const StageSpec* {
      const auto it = std::find_if(all.begin(), all.end(), [&](const auto& item) { return item.first == name; });
      return it == all.end() ? nullptr : it->second;
    };
    std::string order_before;
    std::string order_after;
    for (const auto& [name, stage] : a) {
      const StageSpec* other = spec(b, name);
      if (other == nullptr) {
        note("stage." + name, canonical_text(table_of(*stage)), "");
        continue;
      }
      compare("stage." + name + ".", table_of(*stage), table_of(*other));
      order_before += (order_before.empty() ? "" : ", ") + name;
    }
    for (const auto& [name, stage] : b) {
      if (spec(a, name) == nullptr) {
        note("stage." + name, "", canonical_text(table_of(*stage)));
      } else {
        order_after += (order_after.empty() ? "" : ", ") + name;
      }
    }
    note("stage", order_before, order_after);
  }

  std::vector<Change> sorted() && {
    std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) { return a.key < b.key; });
    return std::move(changes_);
  }

 private:
  static std::string text_of(const ValueMap& flat, const std::string& key) {
    const auto it = flat.find(key);
    return it == flat.end() ? "" : it->second.text();
  }

  void note(std::string key, std::string before, std::string after) {
    if (before != after) changes_.push_back({std::move(key), std::move(before), std::move(after)});
  }

  std::vector<Change> changes_;
};

/// Up to and including `epoch`, both have the same settings in force.
bool same_phases_until(const Recipe& a, const Recipe& b, uint64_t epoch) {
  std::set<uint64_t> begins = {0};
  for (const Recipe* recipe : {&a, &b}) {
    for (const Phase& phase : recipe->phases) begins.insert(phase.until_epoch);
  }
  return std::all_of(begins.begin(), begins.end(), [&](uint64_t begin) {
    return begin > epoch || phase_settings(a, begin) == phase_settings(b, begin);
  });
}

}  // namespace

std::vector<Change> differences(const Recipe& before, const Recipe& after) {
  Comparison comparison;
  ValueMap a = recipe_to_map(before);
  ValueMap b = recipe_to_map(after);
  a.erase("stage");
  b.erase("stage");
  comparison.compare("", a, b);
  comparison.compare_stages(before.stages, after.stages);
  return std::move(comparison).sorted();
}

bool may_change_on_resume(const std::string& key) {
  constexpr std::array<std::string_view, 13> kKeys = {"faults.budget",
                                                      "faults.train",
                                                      "faults.eval",
                                                      "lanes.devices",
                                                      "lanes.threads",
                                                      "lanes.bucket",
                                                      "lanes.timeout",
                                                      "train.epochs",
                                                      "train.eval_every",
                                                      "train.cuda_graph",
                                                      "train.sparse_ahead",
                                                      "trees.rounds",
                                                      "trees.early_stopping_rounds"};
  if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) return true;
  if (key.starts_with("stage.") && key.ends_with(".cache")) return true;  // a tier decides no bytes
  return key.starts_with("budget.") || key.starts_with("checkpoint.");
}

std::string differences_text(const Recipe& before, const Recipe& after) {
  const std::vector<Change> changes = differences(before, after);
  std::string out = changes.empty() ? "The recipes are the same.\n" : "What the recipes say differently:\n";
  for (const Change& c : changes)
    out += "  " + c.key + ": " + (c.before.empty() ? "(nothing)" : c.before) + " -> " +
           (c.after.empty() ? "(nothing)" : c.after) + "\n";
  return out;
}

std::vector<Change> refused_on_resume(const Recipe& before, const Recipe& after, uint64_t epoch) {
  std::vector<Change> refused = differences(before, after);
  std::erase_if(refused, [&](const Change& change) {
    if (change.key == "phase") return same_phases_until(before, after, epoch);
    return may_change_on_resume(change.key);
  });
  return refused;
}

void require_resumable(const Recipe& before, const Recipe& after, uint64_t epoch, const std::string& run) {
  const std::vector<Change> refused = refused_on_resume(before, after, epoch);
  if (refused.empty()) return;
  std::string text = "cannot go on with '" + run + "': the recipe differs in what a run may not change";
  for (const Change& change : refused) {
    text += "\n  " + change.key + ": " + (change.before.empty() ? "(not set)" : change.before) + " in the run, " +
            (change.after.empty() ? "(not set)" : change.after) + " now";
  }
  throw Error(Code::kUsage, text).hint("give the run's own recipe, " + run + "/recipe.toml, or begin a new run");
}

}  // namespace penstock::pipelines
