// Whether several recipes can be put side by side: known before the first of them is trained.
#pragma once

#include <vector>

#include "pipelines/recipe/recipe.h"

namespace penstock::pipelines {

/// Throws Error kUsage, naming the recipes, where one has no [table] and so no target, where targets or tasks differ, and where rows would be set aside in different ways: another
/// data.val, none at all, or another seed where that draws the rows (by time it does not). `has_val`: rows to validate on are given, and nothing is set aside.
void require_comparable(const std::vector<Recipe>& recipes, bool has_val);

}  // namespace penstock::pipelines
