// A table as Parquet, for other programs and for ours.
#pragma once

#include <memory>
#include <string>

#include "io/table/table.h"

namespace penstock::io {

/// Takes rows front to back; a row group of `options.piece_rows` rows, or as many as take 64 MiB of values or of texts, is held in memory while it fills, and again
/// packed while it is written. Pages are compressed by zstd and have checksums; whole numbers are int64, reals double, times milliseconds without a zone.
/// What `options.fingerprint` says (0: nothing) stands in the file's metadata together with the length of the row groups, so that the file has the
/// fingerprint of the table that it was made of; a file that another program wrote over, keeping the metadata, is not believed.
/// One thread. Nothing is at `path` before finish(). Throws Error kIo; kData for a date or time beyond what Parquet holds; kMemory.
std::unique_ptr<ColumnsWriter> write_parquet(const std::string& path, const TableSchema& schema,
                                             const ColumnsWriterOptions& options = {},
                                             FileSystem& fs = FileSystem::real());

/// Who a file says that it was created by, and the key of its metadata.
inline constexpr const char* kParquetCreator = "penstock version 1.0.0";
inline constexpr const char* kParquetPackedKey = "penstock.packed";
inline constexpr uint64_t kParquetStart = 4;  ///< bytes in front of the first row group: "PAR1"
/// The value: the fingerprint, and where the last row group ends.
std::string parquet_packed_text(uint64_t fingerprint, uint64_t bytes);

}  // namespace penstock::io
