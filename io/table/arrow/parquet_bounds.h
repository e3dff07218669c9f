// How large a column chunk of Parquet is once it is decoded.
#pragma once

#include <cstdint>

#include <parquet/metadata.h>

namespace penstock::io {

/// Bytes of `rows` rows in memory as rows_of() has them, at most. Of texts written with DELTA_BYTE_ARRAY, which leaves out what a text shares with the one
/// before, it is a guess: four times their bytes in the file.
uint64_t decoded_bytes(const parquet::ColumnChunkMetaData& chunk, int64_t rows);

/// Whether column `leaf` is text and every page of it in every row group is coded by a dictionary, so that it can stay so.
bool is_all_coded(const parquet::FileMetaData& metadata, int leaf);

}  // namespace penstock::io
