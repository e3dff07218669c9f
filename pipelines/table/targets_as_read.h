// What the rows of a data set truly are, in the words of the table.
#pragma once

#include <cstdint>
#include <functional>

#include "io/data/dataset.h"

namespace penstock {

/// Of a table's regression: the target of a record as it was read, before scale, logarithm and f32 (table::TargetsRead, for ids that ascend); empty for other data.
/// `data` must outlive it.
std::function<double(uint64_t id)> targets_as_read(const io::Dataset& data);

}  // namespace penstock
