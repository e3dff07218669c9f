// A recipe before it is read: a tree of values that is merged, edited and expanded.
#pragma once

#include <string>
#include <string_view>

#include "engine/graph/value.h"
#include "pipelines/recipe/load.h"

namespace penstock::pipelines {

/// Puts `over` on top of `tree`: tables key by key, everything else replaces. A table `stage` changes single keys of
/// the stages with those ids. Throws Error kUsage for an id that `tree` does not have.
void merge(ValueMap& tree, const ValueMap& over);

/// Sets "train.lr" or "stage.crop.size" (every stage with that id). Tables on the way are made.
/// Throws Error kUsage for a stage id that is not there, or a way through something that is no table.
void set_key(ValueMap& tree, std::string_view path, const Value& value);

/// Replaces ${VAR} in every string, and $${ by "${". Throws Error kUsage with the place of an undefined variable.
void expand_variables(ValueMap& tree, const Environment& environment);
/// Protects "${" in every string from expand_variables.
void protect_variables(ValueMap& tree);

/// Nested tables as one flat table with keys such as "data.val.fraction". Arrays stay whole; empty tables vanish.
ValueMap flatten(const ValueMap& tree);

/// The id of a [[stage]] table: its `id`, or the last part of its `name`; "" when it has neither.
std::string stage_id(const ValueMap& stage);

}  // namespace penstock::pipelines
