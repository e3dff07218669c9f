#include "pipelines/compare/comparable.h"

#include <string>

#include "engine/base/error.h"
#include "engine/data/target.h"

namespace penstock::pipelines {
namespace {

std::string val_text(const Recipe& recipe) { return canonical_text(to_map<ValSplit>(*recipe.data.val)); }

bool same_rows(const ValSplit& a, const ValSplit& b) {
  const table::SplitSpec x = a.of_rows(), y = b.of_rows();
  return x.by == y.by && x.columns == y.columns &&
         (x.by == table::SplitBy::kTime ? x.last == y.last : x.fraction == y.fraction);
}

/// What leaves rows out of both parts.
std::string where_of(const Recipe& recipe) {
  std::string text;
  if (recipe.prepare)
    for (const std::string& condition : recipe.prepare->where) text += (text.empty() ? "" : ", ") + condition;
  return text;
}

[[noreturn]] void refuse(const Recipe& a, const Recipe& b, const std::string& key, const std::string& of_a,
                         const std::string& of_b) {
  throw Error(Code::kUsage, "'" + a.name + "' and '" + b.name + "' cannot be compared: " + key + " is " + of_a +
                                " in the first and " + of_b + " in the second")
      .hint("--set " + key + "=... gives all of them the same");
}

}  // namespace

void require_comparable(const std::vector<Recipe>& recipes, bool has_val) {
  for (const Recipe& recipe : recipes) {
    if (!recipe.table)
      throw Error(Code::kUsage,
                  "'" + recipe.name + "' has no [table], and so no target that models could be compared by")
          .hint(
              "compare puts recipes of tables side by side; of pictures, train each and see penstock report RUN RUN2");
    if (!has_val && !recipe.data.val)
      throw Error(Code::kUsage, "'" + recipe.name + "' sets no rows aside to compare models on")
          .hint("--set 'data.val={fraction=0.1}', or give them with --val");
    const Recipe& first = recipes.front();
    const table::TableSpec &a = *first.table, &b = *recipe.table;
    if (a.target != b.target) refuse(first, recipe, "table.target", "'" + a.target + "'", "'" + b.target + "'");
    if (a.task != b.task)
      refuse(first, recipe, "table.task", std::string(name_of(a.task)), std::string(name_of(b.task)));
    if (a.positive != b.positive)
      refuse(first, recipe, "table.positive", "'" + a.positive + "'", "'" + b.positive + "'");
    if (where_of(first) != where_of(recipe))
      refuse(first, recipe, "prepare.where", "'" + where_of(first) + "'", "'" + where_of(recipe) + "'");
    if (has_val) continue;
    if (!same_rows(*first.data.val, *recipe.data.val))
      refuse(first, recipe, "data.val", val_text(first), val_text(recipe));
    if (first.seed != recipe.seed && recipe.data.val->by != ValBy::kTime)
      refuse(first, recipe, "seed", std::to_string(first.seed), std::to_string(recipe.seed));
  }
}

}  // namespace penstock::pipelines
