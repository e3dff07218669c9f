#include "tools/recipe_options.h"

#include <CLI/CLI.hpp>

#include "engine/base/error.h"
#include "pipelines/recipe/load.h"

namespace penstock::tools {

void add_recipe_options(CLI::App& app, RecipeOptions& options, bool with_val) {
  app.add_option("RECIPE", options.recipe, "A TOML file, or the name of a built-in recipe (penstock recipes)")
      ->required();
  app.add_option("--data", options.paths.data, "A data set: folder of class folders, LMDB, or kind:path")->required();
  add_labels(app, options.paths.labels);
  if (with_val) {
    app.add_option("--val", options.paths.val,
                   "Validation data (default: val/ beside train/, else the recipe's share of the data)")
        ->type_name("DATA");
  }
}

pipelines::Recipe load_recipe(const RecipeOptions& options, const CommonOptions& common) {
  return pipelines::resolve_stages(pipelines::load_recipe(options.recipe, {.set = common.set}), all_stages());
}

Mode view_named(const std::string& name) {
  if (name == "train") return Mode::kTrain;
  if (name == "eval") return Mode::kEval;
  throw Error(Code::kUsage, "--view '" + name + "' is no view; there are 'train' and 'eval'");
}

}  // namespace penstock::tools
