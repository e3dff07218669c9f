// What trees are grown of and how, from a recipe with [trees] and its data: for training and for the check before it.
#pragma once

#include "io/data/dataset.h"
#include "models/classic/trees/tree_matrix.h"
#include "models/classic/trees/trees_config.h"
#include "pipelines/recipe/recipe.h"

namespace penstock::trees {

struct TreesSetup {
  classic::TreeFeatures features;
  classic::TreesConfig config;
};

/// `val` null: none. `threads` where lanes.threads does not say. Throws Error kUsage where the two have other columns, where the settings
/// make no sense (classic::require_valid), and for early stopping without `val`.
TreesSetup trees_setup(const pipelines::Recipe& recipe, const io::Dataset& data, const io::Dataset* val,
                       unsigned threads);

}  // namespace penstock::trees
