// Some rows of a source.
#pragma once

#include <string_view>
#include <vector>

#include "models/classic/rows.h"

namespace penstock::classic {

/// (min(wanted, size), width): rows drawn without repetition, in ascending order; all of them where there are no more. The
/// choice is a function of (size, seed, draw, what).
std::vector<float> sample_rows(RowSource& source, size_t wanted, uint64_t seed, uint64_t draw, std::string_view what);

}  // namespace penstock::classic
