// Several tables with the same columns, one behind the other.
#pragma once

#include <memory>
#include <vector>

#include "io/table/table.h"

namespace penstock::io {

/// Takes one or more; gives the only one back as it is. Throws Error kUsage that names the first table whose columns differ, and how.
std::unique_ptr<Table> chain(std::vector<std::unique_ptr<Table>> tables, const std::string& path);

}  // namespace penstock::io
