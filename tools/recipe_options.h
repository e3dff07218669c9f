// RECIPE, --data and what belongs to them: the arguments of every command that runs a recipe.
#pragma once

#include <string>

#include "pipelines/job/job.h"
#include "pipelines/recipe/recipe.h"
#include "tools/options.h"

namespace penstock::tools {

struct RecipeOptions {
  std::string recipe;
  DataPaths paths;
};

/// RECIPE, --data (both required), --labels, and --val where `with_val`.
void add_recipe_options(CLI::App& app, RecipeOptions& options, bool with_val);
/// The recipe with --set applied, its stages' parameters checked.
pipelines::Recipe load_recipe(const RecipeOptions& options, const CommonOptions& common);

/// "train" or "eval". Error kUsage for another word.
Mode view_named(const std::string& name);

}  // namespace penstock::tools
