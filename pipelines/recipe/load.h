// From a file, or the name of a built-in recipe, to a checked Recipe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/file_system.h"
#include "pipelines/recipe/recipe.h"

namespace penstock::pipelines {

/// What ${VAR} stands for; nothing when it is not defined.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
/// The environment of this process.
Environment process_environment();

struct LoadOptions {
  /// --set: "train.lr=1e-3", "stage.crop.size=160", in order, over everything. The value is a TOML value, or else a
  /// bare string (train.optimizer=sgd).
  std::vector<std::string> set = {};
  Environment environment = process_environment();
  io::FileSystem* files = nullptr;  ///< null: the machine's
};

/// Reads a recipe with the recipes it is based on.
///
/// `name` is a path, or the name of a built-in recipe where there is no such file. `base = "other.toml"` starts from
/// another recipe: a path relative to the file, or a built-in name. Tables are merged key by key; arrays, [[stage]] and
/// [[phase]] among them, replace the base's whole array. A table [stage.crop] changes single keys of the base's stage
/// with the id "crop". ${VAR} inside a string is the environment's, $${ a plain "${".
///
/// Throws Error kUsage naming file, line, key and the nearest right one, for: a missing file, bad TOML, unknown keys,
/// wrong types, values outside what is allowed, undefined variables, a circle of bases, a stage id used twice, a phase
/// that sets what it may not. The stages' own parameters are checked when the graph is bound or by `resolve_stages`.
Recipe load_recipe(const std::string& name, const LoadOptions& options = {});

/// As load_recipe, from text; `name` is for messages and what `base` is relative to.
Recipe parse_recipe(std::string_view text, const std::string& name, const LoadOptions& options = {});

/// Every stage's parameters checked and with their defaults filled in: what RUN/recipe.toml holds, so that a later
/// version with other defaults repeats the same run. Throws Error kUsage for unknown stages, keys and bad values.
Recipe resolve_stages(Recipe recipe, const StageRegistry& registry);

/// Complete TOML text; loading it gives an equal Recipe.
std::string to_toml(const Recipe& recipe);

}  // namespace penstock::pipelines
