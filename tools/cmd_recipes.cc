#include "tools/cmd_recipes.h"

#include <CLI/CLI.hpp>

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "pipelines/recipe/builtin.h"

namespace penstock::tools {
namespace {

class RecipesCommand final : public Command {
 public:
  std::string_view name() const override { return "recipes"; }
  std::string_view summary() const override { return "The built-in recipes, or the text of one"; }
  std::string_view example() const override { return "penstock recipes imagenette-resnet18 > mine.toml"; }
  void add_options(CLI::App& app) override { app.add_option("NAME", recipe_, "A built-in recipe"); }

  int run(Context& context) override {
    if (!recipe_.empty()) return show(context);
    std::string words;
    Json all = Json::array();
    for (const pipelines::BuiltinRecipe& recipe : pipelines::builtin_recipes()) {
      words += std::string(recipe.name) + "  " + pipelines::summary_of(recipe) + "\n";
      all.push_back({{"name", recipe.name}, {"summary", pipelines::summary_of(recipe)}});
    }
    context.output.result(words + "penstock recipes NAME shows one; its text is a file to start from\n",
                          {{"recipes", all}});
    return 0;
  }

 private:
  int show(Context& context) const {
    const pipelines::BuiltinRecipe* recipe = pipelines::find_builtin_recipe(recipe_);
    if (recipe == nullptr) {
      std::vector<std::string> names;
      for (const pipelines::BuiltinRecipe& known : pipelines::builtin_recipes()) names.emplace_back(known.name);
      throw Error(Code::kUsage, "there is no built-in recipe '" + recipe_ + "'" + nearest_hint(recipe_, names));
    }
    context.output.result(recipe->text, {{"name", recipe->name}, {"text", recipe->text}});
    return 0;
  }

  std::string recipe_;
};

}  // namespace

std::unique_ptr<Command> make_recipes_command() { return std::make_unique<RecipesCommand>(); }

}  // namespace penstock::tools
