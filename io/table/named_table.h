// A table under other names for its columns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/table/table.h"

namespace penstock::io {

/// `table`, which has no header ("c1", "c2", ...), with these names; one that has names of its own comes back as it is. Rows and fingerprint stay. Throws Error kUsage where there are not as many
/// names as columns.
std::shared_ptr<const Table> with_names(std::shared_ptr<const Table> table, const std::vector<std::string>& names);

}  // namespace penstock::io
