// The recipes that are part of the program: pipelines/recipes/*.toml, compiled in by cmake/EmbedRecipes.cmake.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace penstock::pipelines {

struct BuiltinRecipe {
  std::string_view name;  ///< "imagenet-resnet50"
  std::string_view text;  ///< the TOML file, comments and all
};

/// Sorted by name.
std::span<const BuiltinRecipe> builtin_recipes();
/// Null when there is none of that name.
const BuiltinRecipe* find_builtin_recipe(std::string_view name);
/// The first comment line of the file: what it is for.
std::string summary_of(const BuiltinRecipe& recipe);

}  // namespace penstock::pipelines
