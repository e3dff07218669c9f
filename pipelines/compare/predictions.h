// The rows that `penstock evaluate --predictions` writes, read back.
#pragma once

#include <cstdint>
#include <string>

#include "io/file/file_system.h"

namespace penstock::pipelines {

/// XXH3-64 of which records a file of predictions is of and what they truly are: equal for two models that were tried on the same. Throws Error kData where the file is
/// no such table.
uint64_t predictions_digest(const std::string& path, io::FileSystem& fs);

/// Predicted against actual as an SVG (see Scatter). Of classes that are numbers it is a picture of their places.
std::string predictions_picture(const std::string& path, const std::string& title, const std::string& unit,
                                io::FileSystem& fs);

}  // namespace penstock::pipelines
