// A model's header as attributes of XGBoost's booster.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/classic/trees/booster.h"

namespace penstock::classic {

/// penstock.format = "penstock.trees", penstock.version = "1", penstock.task, penstock.outputs, penstock.features (JSON: [{"name", "categorical"}]),
/// penstock.classes (JSON), penstock.fitted.
std::vector<std::pair<std::string, std::string>> to_attributes(const TreesHeader& header, size_t outputs);
/// The header and the values of a prediction. Throws as Booster::load().
std::pair<TreesHeader, size_t> from_attributes(
    const std::function<std::optional<std::string>(const std::string&)>& attribute, std::string_view origin);

}  // namespace penstock::classic
