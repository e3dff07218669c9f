// Arrow's IPC file format: what write_columns() wrote, and what anybody else did.
#pragma once

#include <memory>
#include <string>

#include "io/table/table.h"

namespace penstock::io {

/// One file: a PackedTable where Penstock wrote it, else one that Arrow itself reads, batch by batch, without checksums (a note says so), with the dictionaries
/// in memory and all columns of a batch fetched at once. Arrow's stream format is refused by name. Errors as open_columns(). `fs` must outlive the result.
std::unique_ptr<Table> open_arrow(const std::string& path, FileSystem& fs);

}  // namespace penstock::io
