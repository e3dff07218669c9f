// Parquet, through Arrow's reader.
#pragma once

#include <memory>
#include <string>

#include "io/table/table.h"

namespace penstock::io {

/// One file. Pieces are its row groups, and fetch() not only reads but also decodes one, with the wanted columns alone, on the thread that calls it: so a row group has
/// to fit in memory, and what is read often should be packed. Nested columns are left out and named in a note; statistics are not looked at. Pages are checked
/// where they carry a CRC. Errors as open_columns(). `fs` must outlive the result.
std::unique_ptr<Table> open_parquet(const std::string& path, FileSystem& fs);

}  // namespace penstock::io
