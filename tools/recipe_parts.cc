#include "tools/recipe_parts.h"

#include "pipelines/recipe/recipe.h"
#include "stages/table/prepare/step.h"
#include "stages/table/spec.h"

namespace penstock::tools {

std::vector<RecipePart> table_parts() {
  return {{"table", "[table]: which columns there are, and how rows are encoded", docs<table::TableSpec>()},
          {"table.column", "[[table.column]]: what holds for one column alone", docs<table::ColumnOverride>()},
          {"table.means", "[[table.means]]: the mean of the target over a group, as a number", docs<table::MeanSpec>()},
          {"data.val", "[data] val: which rows are set aside to validate on", docs<pipelines::ValSplit>()},
          {"faults", "[faults]: what a bad row or record does", docs<pipelines::FaultsSection>()},
          {"trees", "[trees]: boosted trees or a forest in the place of a network", docs<pipelines::TreesSection>()}};
}

std::vector<RecipePart> prepare_parts() {
  std::vector<RecipePart> parts = {
      {"prepare", "[prepare]: what happens to a table before its rows are encoded", docs<table::PrepareSpec>()}};
  for (const table::StepKind& kind : table::step_kinds())
    parts.push_back({"prepare." + kind.name, kind.meaning, kind.docs()});
  return parts;
}

}  // namespace penstock::tools
