#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "pipelines/recipe/load.h"
#include "pipelines/recipe/tree.h"

namespace penstock::pipelines {
namespace {

/// One `key = value` a line: those of `first` in their order, then the rest by name.
void write_keys(std::string& out, const ValueMap& table, const std::vector<std::string>& first) {
  const auto line = [&](const std::string& key, const Value& value) {
    out += key_text(key) + " = " + value.text() + "\n";
  };
  for (const std::string& key : first) {
    if (const auto it = table.find(key); it != table.end()) line(key, it->second);
  }
  for (const auto& [key, value] : table) {
    if (std::find(first.begin(), first.end(), key) == first.end()) line(key, value);
  }
}

template <class Section>
void write_section(std::string& out, const ValueMap& tree, const std::string& name) {
  const auto it = tree.find(name);
  const ValueMap* table = it == tree.end() ? nullptr : it->second.get_if<ValueMap>();
  if (table == nullptr || table->empty()) return;
  out += "\n[" + name + "]\n";
  write_keys(out, *table, param_table<Section>().names());
}

void write_tables(std::string& out, const ValueMap& tree, const std::string& name,
                  const std::vector<std::string>& first) {
  const auto it = tree.find(name);
  const ValueArray* tables = it == tree.end() ? nullptr : it->second.get_if<ValueArray>();
  if (tables == nullptr) return;
  for (const Value& table : *tables) {
    out += "\n[[" + name + "]]\n";
    write_keys(out, *table.get_if<ValueMap>(), first);
  }
}

}  // namespace

std::string to_toml(const Recipe& recipe) {
  ValueMap tree = recipe_to_map(recipe);
  protect_variables(tree);
  std::string out = "# The resolved recipe: bases, variables and --set are applied, defaults filled in.\n";
  if (!recipe.name.empty()) out += "# Made from " + quoted_text(recipe.name) + ".\n";
  out += "seed = " + tree.at("seed").text() + "\n";
  write_section<DataSection>(out, tree, "data");
  write_section<FaultsSection>(out, tree, "faults");
  write_section<BudgetSection>(out, tree, "budget");
  if (recipe.prepare) write_section<table::PrepareSpec>(out, tree, "prepare");
  write_tables(out, tree, "stage", {"name", "id", "when", "inputs", "outputs", "draw"});
  if (recipe.table) write_section<table::TableSpec>(out, tree, "table");
  write_section<InputSection>(out, tree, "input");
  write_section<NetSection>(out, tree, "net");
  if (recipe.trees) write_section<TreesSection>(out, tree, "trees");
  write_section<TrainSection>(out, tree, "train");
  write_section<CheckpointSection>(out, tree, "checkpoint");
  write_section<LanesSection>(out, tree, "lanes");
  write_tables(out, tree, "phase", {"until_epoch", "set"});
  return out;
}

}  // namespace penstock::pipelines
