#include "pipelines/trees/trees_setup.h"

#include "engine/base/error.h"
#include "pipelines/recipe/trees_section.h"
#include "pipelines/trees/table_rows.h"

namespace penstock::trees {

TreesSetup trees_setup(const pipelines::Recipe& recipe, const io::Dataset& data, const io::Dataset* val,
                       unsigned threads) {
  if (!recipe.trees) throw Error(Code::kUsage, "the recipe has no [trees]");
  const pipelines::TreesSection& section = *recipe.trees;
  TreesSetup out{.features = features_of(data, section.categories), .config = {}};
  if (val != nullptr && features_of(*val, section.categories) != out.features)
    throw Error(Code::kUsage, "'" + val->path() + "' has other columns than '" + data.path() + "'");
  const auto said = recipe.lanes.threads;
  out.config = config_for(section, task_of(data), static_cast<int64_t>(data.class_names().size()), out.features.size(),
                          recipe.seed, said ? static_cast<unsigned>(*said) : threads);
  require_valid(out.config);
  if (out.config.early_stopping_rounds > 0 && val == nullptr)
    throw Error(Code::kUsage, "trees.early_stopping_rounds needs data to validate on")
        .hint("give --val, or data.val in the recipe, or leave it out");
  return out;
}

}  // namespace penstock::trees
