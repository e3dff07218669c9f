// The only door to toml++: TOML text becomes Values that know where they were written.
#pragma once

#include <string>
#include <string_view>

#include "engine/graph/value.h"

namespace penstock::pipelines {

/// A whole file; `file` is the name that messages give. Throws Error kUsage with the line of a syntax error.
ValueMap read_toml(std::string_view text, const std::string& file);

/// One value as it stands behind the '=': 3, 1e-3, true, [1, 2], "a". What is no TOML value is a bare string: sgd.
/// `origin` becomes the value's Where::file.
Value read_toml_value(std::string_view text, const std::string& origin);

}  // namespace penstock::pipelines
