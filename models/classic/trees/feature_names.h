// Names of features as XGBoost can read them back.
#pragma once

#include <string>
#include <vector>

#include "models/classic/trees/row_stream.h"

namespace penstock::classic {

/// The names with '[', ']', '<' and white space as '_', which XGBoost's own text forms cannot hold, and with the place behind those that are then the same. In the
/// order of the features.
std::vector<std::string> xgboost_names(const TreeFeatures& features);

}  // namespace penstock::classic
