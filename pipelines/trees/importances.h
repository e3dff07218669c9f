// What the trees look at, as a file and as a picture.
#pragma once

#include <span>
#include <string>

#include "io/file/file_system.h"
#include "models/classic/trees/booster.h"

namespace penstock::trees {

/// FOLDER/importances.csv (feature,gain,weight,cover; the greatest gain first, equal ones in the order of the features) and
/// FOLDER/importances.svg, the gains as shares of their sum. Each appears complete or not at all. Throws Error kIo.
void write_importances(io::FileSystem& fs, const std::string& folder, std::span<const classic::Importance> all);

}  // namespace penstock::trees
