#include "pipelines/recipe/phases.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "pipelines/recipe/tree.h"

namespace penstock::pipelines {
namespace {

constexpr std::array<std::string_view, 5> kDataKeys = {"data.batch", "data.order", "data.last", "data.block",
                                                       "data.group_blocks"};

/// A graph keeps its stages in all phases; only what they do may change.
bool may_set(std::string_view key) {
  if (std::find(kDataKeys.begin(), kDataKeys.end(), key) != kDataKeys.end()) return true;
  if (!key.starts_with("stage.")) return false;
  const std::string_view last = key.substr(key.rfind('.') + 1);
  return last != "name" && last != "id" && last != "when";
}

}  // namespace

ValueMap phase_settings(const Recipe& recipe, uint64_t epoch) {
  ValueMap settings;
  for (const Phase& phase : recipe.phases) {
    if (epoch >= phase.until_epoch) continue;
    for (const auto& [key, value] : phase.set) settings.try_emplace(key, value);  // the earlier phase has the last word
  }
  return settings;
}

Recipe phase_view(const Recipe& recipe, uint64_t epoch) {
  const ValueMap settings = phase_settings(recipe, epoch);
  Recipe view = recipe;
  view.phases.clear();
  if (settings.empty()) return view;
  ValueMap tree = recipe_to_map(view);
  for (const auto& [key, value] : settings) set_key(tree, key, value);
  view = recipe_from_map(tree);
  view.name = recipe.name;
  return view;
}

std::vector<uint64_t> phase_boundaries(const Recipe& recipe) {
  std::set<uint64_t> epochs = {0};
  for (const Phase& phase : recipe.phases) {
    if (phase.until_epoch < recipe.train.epochs) epochs.insert(phase.until_epoch);
  }
  return {epochs.begin(), epochs.end()};
}

void check_phases(const Recipe& recipe) {
  uint64_t last = 0;
  for (const Phase& phase : recipe.phases) {
    const std::string at = phase.where.text().empty() ? "" : phase.where.text() + ": ";
    if (phase.until_epoch <= last) {
      throw Error(Code::kUsage, at + "phase.until_epoch " + std::to_string(phase.until_epoch) +
                                    " must be above that of the phase before it, " + std::to_string(last));
    }
    last = phase.until_epoch;
    for (const auto& [key, value] : phase.set) {
      if (may_set(key)) continue;
      std::string known = "stage.ID.KEY";
      for (const std::string_view data_key : kDataKeys) known += ", " + std::string(data_key);
      const std::string place = value.where.text();
      throw Error(Code::kUsage, (place.empty() ? at : place + ": ") + "a phase cannot set " + key)
          .hint("it may set " + known);
    }
  }
  for (const Phase& phase : recipe.phases) phase_view(recipe, phase.until_epoch - 1);
}

}  // namespace penstock::pipelines
