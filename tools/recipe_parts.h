// What `penstock stages` shows beside stages: sections of a recipe for tables, and the steps of [prepare].
#pragma once

#include <string>
#include <vector>

#include "engine/graph/registry.h"

namespace penstock::tools {

/// Something with parameters: "table", "table.column", "prepare.join", ...
struct RecipePart {
  std::string name;
  std::string summary;
  std::vector<ParamDoc> params;
};

/// In the order in which they are shown.
std::vector<RecipePart> table_parts();
std::vector<RecipePart> prepare_parts();

}  // namespace penstock::tools
