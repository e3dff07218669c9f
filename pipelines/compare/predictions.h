// The rows that `penstock evaluate --predictions` writes, read back.
#pragma once

#include <cstdint>
#include <string>

#include "io/file/file_system.h"

namespace penstock::pipelines {

/// Whether two models were tried on the same records: the same ids in the same order, and the same actual values, numbers but for the rounding of a target that one of
/// them learnt scaled (1e-5 of the largest). Throws Error kData where a file is no such table.
bool same_records(const std::string& a, const std::string& b, io::FileSystem& fs);

/// What a model predicts.
enum class Predicted : uint8_t { kNumbers, kChances, kClasses };

/// Predicted against actual as an SVG: of numbers a Scatter, whose axes count `unit` ("" where that is not known); of the chance of one of two classes its Calibration;
/// of classes their Confusion. `name` begins the title. Throws as same_records().
std::string predictions_picture(const std::string& path, Predicted what, const std::string& name,
                                const std::string& unit, io::FileSystem& fs);

}  // namespace penstock::pipelines
