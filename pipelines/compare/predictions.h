// The rows that `penstock evaluate --predictions` writes, read back.
#pragma once

#include <cstdint>
#include <string>

#include "io/file/file_system.h"

namespace penstock::pipelines {

/// XXH3-64 of which records a file of predictions is of and what they truly are: equal for two models that were tried on the same. Throws Error kData where the file is
/// no such table.
uint64_t predictions_digest(const std::string& path, io::FileSystem& fs);

/// What a model predicts.
enum class Predicted : uint8_t { kNumbers, kChances, kClasses };

/// Predicted against actual as an SVG: of numbers a Scatter, whose axes count `unit` ("" where that is not known); of the chance of one of two classes its Calibration;
/// of classes their Confusion. `name` begins the title. Throws as predictions_digest().
std::string predictions_picture(const std::string& path, Predicted what, const std::string& name,
                                const std::string& unit, io::FileSystem& fs);

}  // namespace penstock::pipelines
