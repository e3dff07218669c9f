// A table of which some rows are known to hold none.
#pragma once

#include <memory>
#include <vector>

#include "io/table/table.h"

namespace penstock::io {

/// `table`, whose rows `bad` (of the table, ascending, with the reason) are named in TableBlock::bad when they are decoded. Rows and fingerprint stay.
std::shared_ptr<const Table> with_bad_rows(std::shared_ptr<const Table> table, std::vector<BadRow> bad);

}  // namespace penstock::io
