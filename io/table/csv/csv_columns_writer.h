// A table as CSV (RFC 4180), and its schema file beside it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/table/table.h"

namespace penstock::io {

/// Writes a header and rows that end in '\n', cells quoted where they hold a comma, a quote or a line end. Numbers are the shortest that read back the same, dates and
/// times ISO 8601, truth values true and false; an empty cell is a missing value. So an empty text becomes a missing one, which notes() counts.
/// finish() writes PATH.schema first, which says the types, that only the empty cell is missing, and what the file was packed from; it makes reading exact: without it texts such as
/// "NA" and "007" would be found by looking. Any schema file at `path` that this does not write is refused by Error kUsage.
/// One thread. Nothing is at `path` before finish(). Throws Error kIo; kData for a year that CSV's dates do not have and a row beyond CsvDialect::kMostRowBytes.
std::unique_ptr<ColumnsWriter> write_csv_columns(const std::string& path, const TableSchema& schema,
                                                 const ColumnsWriterOptions& options = {},
                                                 FileSystem& fs = FileSystem::real());

/// The fingerprint that the file at `path` was packed with, where its schema file says so and the text is still the same: reads all of it. Throws Error kIo.
std::optional<uint64_t> packed_csv_fingerprint(const std::string& path, FileSystem& fs = FileSystem::real());

}  // namespace penstock::io
