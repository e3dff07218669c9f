// Parquet, through Arrow's reader.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "io/table/table.h"

namespace penstock::io {

/// A row group that takes more than this in memory, all columns decoded, is cut into pieces of about half of it.
inline constexpr uint64_t kParquetGroupBytes = uint64_t{128} << 20;

/// One file. Pieces are its row groups, and fetch() not only reads but also decodes one, with the wanted columns alone, on the thread that calls it: what is read often
/// should be packed. Groups larger than `group_bytes` are cut (parquet_pieces.h), and a note says so. Nested columns are left out and named in a note; statistics are not
/// looked at. Pages are checked where they carry a CRC. Errors as open_columns(). `fs` must outlive the result.
std::unique_ptr<Table> open_parquet(const std::string& path, FileSystem& fs, uint64_t group_bytes);
std::unique_ptr<Table> open_parquet(const std::string& path, FileSystem& fs);

}  // namespace penstock::io
