#include "io/table/arrow/parquet_bounds.h"

#include <algorithm>

#include <parquet/schema.h>

namespace penstock::io {
namespace {

bool is_text(parquet::Type::type type) { return type == parquet::Type::BYTE_ARRAY; }

bool is_coding(parquet::Encoding::type encoding) {
  return encoding == parquet::Encoding::PLAIN_DICTIONARY || encoding == parquet::Encoding::RLE_DICTIONARY;
}

}  // namespace

uint64_t decoded_bytes(const parquet::ColumnChunkMetaData& chunk, int64_t rows) {
  const auto n = static_cast<uint64_t>(rows);
  const auto stored = static_cast<uint64_t>(std::max<int64_t>(0, chunk.total_uncompressed_size()));
  if (!is_text(chunk.type())) return n * 17 + n / 8 + stored;  // f64 beside decimals of 16 bytes; validity
  const auto& encodings = chunk.encodings();
  const bool delta = std::ranges::find(encodings, parquet::Encoding::DELTA_BYTE_ARRAY) != encodings.end();
  const bool coded = std::ranges::any_of(encodings, is_coding);
  // A text of a dictionary is repeated in memory where a later page is not coded: then the shared texts cannot be told from the sizes.
  const uint64_t texts = stored * (delta || coded ? 4 : 1);
  return texts + n * 8 + n / 8 + n * 16;  // offsets or codes; the list of a dictionary's texts
}

bool is_all_coded(const parquet::FileMetaData& metadata, int leaf) {
  if (metadata.num_row_groups() == 0 || !is_text(metadata.schema()->Column(leaf)->physical_type())) return false;
  for (int g = 0; g < metadata.num_row_groups(); ++g) {
    const auto chunk = metadata.RowGroup(g)->ColumnChunk(leaf);
    if (metadata.RowGroup(g)->num_rows() == 0) continue;
    if (!chunk->has_dictionary_page() || chunk->encoding_stats().empty()) return false;
    for (const parquet::PageEncodingStats& pages : chunk->encoding_stats())
      if (pages.page_type != parquet::PageType::DICTIONARY_PAGE && !is_coding(pages.encoding)) return false;
  }
  return true;
}

}  // namespace penstock::io
