// Going on with a run: with the same data, and with a recipe that learns the same.
#pragma once

#include <cstdint>
#include <string>

#include "pipelines/recipe/recipe.h"

namespace penstock::train {

/// What a checkpoint says a run learns from.
struct LearntFrom {
  std::string data;    ///< digest
  std::string val;     ///< likewise; "": none
  std::string recipe;  ///< resolved, TOML
};

/// Refuses to go on with a checkpoint of other data or of a recipe that would have learnt something else (Error kUsage, by name). `recipe`: this call's, resolved;
/// `epoch`: whole ones so far.
void require_same_run(const LearntFrom& stored, const LearntFrom& now, const pipelines::Recipe& recipe, uint64_t epoch,
                      const std::string& run);

}  // namespace penstock::train
