#include "pipelines/recipe/load.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "io/file/file.h"
#include "pipelines/recipe/builtin.h"
#include "pipelines/recipe/phases.h"
#include "pipelines/recipe/toml_reader.h"
#include "pipelines/recipe/tree.h"

namespace penstock::pipelines {
namespace {

constexpr uint64_t kLargestRecipe = 1 << 20;  // a megabyte: whoever gives more named the wrong file

/// A recipe's text and where it came from.
struct Text {
  std::string text;
  std::string name;    ///< for messages, and to notice a circle
  std::string folder;  ///< what a base is relative to; "" for the current one and for built-in recipes
};

class Loader {
 public:
  Loader(const LoadOptions& options)  // NOLINT: one use
      : options_(options), files_(options.files != nullptr ? *options.files : io::FileSystem::real()) {}

  Text find(const std::string& name, const std::string& folder, const Where& asked) {
    const std::string path = name.starts_with('/') || folder.empty() ? name : io::join_path(folder, name);
    const std::string normal = std::filesystem::path(path).lexically_normal().string();
    const BuiltinRecipe* builtin = find_builtin_recipe(name);
    // Folders of data and of runs are called as recipes are: such a folder hides none.
    if (files_.exists(normal) && (builtin == nullptr || !files_.is_folder(normal))) return read(normal, asked);
    if (builtin != nullptr) { return {std::string(builtin->text), std::string(builtin->name), ""}; }
    std::vector<std::string> known;
    for (const BuiltinRecipe& recipe : builtin_recipes()) known.emplace_back(recipe.name);
    const bool looks_like_a_path = name.find('/') != std::string::npos || name.ends_with(".toml");
    const std::string hint = looks_like_a_path ? "" : nearest_hint(name, known);
    throw Error(Code::kUsage, at(asked) + "there is no recipe '" + name + "': no such file" +
                                  (looks_like_a_path ? "" : ", and none built in") + hint)
        .hint("`penstock recipes` lists the built-in ones");
  }

  /// The tree of `text` on top of those of its bases, variables expanded.
  ValueMap tree_of(const Text& text) {
    if (std::find(chain_.begin(), chain_.end(), text.name) != chain_.end()) {
      std::string circle;
      for (const std::string& name : chain_) circle += name + " -> ";
      throw Error(Code::kUsage, at(base_asked_) + "the bases go in a circle: " + circle + text.name);
    }
    chain_.push_back(text.name);
    ValueMap own = read_toml(text.text, text.name);
    expand_variables(own, options_.environment);
    ValueMap tree;
    if (const auto it = own.find("base"); it != own.end()) {
      const std::string* base = it->second.get_if<std::string>();
      if (base == nullptr || base->empty()) {
        throw Error(Code::kUsage, at(it->second.where) + "base must be the name of a recipe, not " + it->second.text());
      }
      base_asked_ = it->second.where;
      tree = tree_of(find(*base, text.folder, it->second.where));
      own.erase("base");
    }
    merge(tree, own);
    return tree;
  }

  void apply_set(ValueMap& tree) {
    for (const std::string& item : options_.set) {
      const size_t equals = item.find('=');
      const std::string origin = "--set " + item;
      if (equals == std::string::npos || equals == 0) {
        throw Error(Code::kUsage, origin + ": there must be a key and a value").hint("for example --set train.lr=1e-3");
      }
      set_key(tree, item.substr(0, equals), read_toml_value(item.substr(equals + 1), origin));
    }
  }

 private:
  static std::string at(const Where& where) {
    const std::string text = where.text();
    return text.empty() ? "" : text + ": ";
  }

  Text read(const std::string& path, const Where& asked) {
    if (files_.is_folder(path)) {
      throw Error(Code::kUsage, at(asked) + "'" + path + "' is a folder, not a recipe")
          .hint("the recipe of a run is RUN/recipe.toml");
    }
    try {
      return {io::read_file(files_, path, kLargestRecipe), path, io::parent_of(path)};
    } catch (const Error& error) {
      throw Error(Code::kUsage, at(asked) + "cannot read the recipe: " + error.message());
    }
  }

  const LoadOptions& options_;
  io::FileSystem& files_;
  std::vector<std::string> chain_;
  Where base_asked_;
};

Recipe finish(Loader& loader, const Text& text) {
  ValueMap tree = loader.tree_of(text);
  loader.apply_set(tree);
  Recipe recipe = recipe_from_map(tree);
  recipe.name = text.name;
  return recipe;
}

void resolve(std::vector<StageSpec>& stages, const StageRegistry& registry) {
  for (StageSpec& stage : stages) {
    const StageInfo& info = registry.require(stage.name, stage.where);
    stage.params = info.resolve(stage.params, "stage." + stage.id);
  }
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

Recipe load_recipe(const std::string& name, const LoadOptions& options) {
  Loader loader(options);
  return finish(loader, loader.find(name, "", {}));
}

Recipe parse_recipe(std::string_view text, const std::string& name, const LoadOptions& options) {
  Loader loader(options);
  return finish(loader, {std::string(text), name, name.find('/') == std::string::npos ? "" : io::parent_of(name)});
}

Recipe resolve_stages(Recipe recipe, const StageRegistry& registry) {
  for (const uint64_t epoch : phase_boundaries(recipe)) {
    Recipe view = phase_view(recipe, epoch);
    resolve(view.stages, registry);  // a phase may give a stage a key that it does not have
  }
  resolve(recipe.stages, registry);
  return recipe;
}

}  // namespace penstock::pipelines
