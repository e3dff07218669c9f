// What a recipe means in a given epoch.
#pragma once

#include <cstdint>
#include <vector>

#include "pipelines/recipe/recipe.h"

namespace penstock::pipelines {

/// What the phases in force in `epoch` set, by flat key.
ValueMap phase_settings(const Recipe& recipe, uint64_t epoch);

/// The recipe with the phases that are in force in `epoch` (from 0) applied; without phases of its own.
Recipe phase_view(const Recipe& recipe, uint64_t epoch);

/// The epochs below train.epochs at which phase_view may change, ascending, 0 first: bind the graph anew there.
std::vector<uint64_t> phase_boundaries(const Recipe& recipe);

/// Throws Error kUsage for a phase that sets what a phase may not (only stage.* and [data] batch, order, last, block,
/// group_blocks), an unknown key or stage, or an epoch that is not above the one of the phase before it.
void check_phases(const Recipe& recipe);

}  // namespace penstock::pipelines
