#include "pipelines/recipe/builtin.h"

namespace penstock::pipelines {

const BuiltinRecipe* find_builtin_recipe(std::string_view name) {
  for (const BuiltinRecipe& recipe : builtin_recipes()) {
    if (recipe.name == name) return &recipe;
  }
  return nullptr;
}

std::string summary_of(const BuiltinRecipe& recipe) {
  std::string_view line = recipe.text.substr(0, recipe.text.find('\n'));
  while (!line.empty() && (line.front() == '#' || line.front() == ' ')) line.remove_prefix(1);
  return std::string(line);
}

}  // namespace penstock::pipelines
