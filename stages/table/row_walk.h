// Rows of a table decoded in order, a few thousand at a time.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "io/table/table.h"
#include "stages/table/row_set.h"
#include "stages/table/stored_tile.h"

namespace penstock::table {

/// Some rows of one piece, as they were fetched.
struct RowPart {
  std::shared_ptr<const io::RawRows> raw;
  std::vector<uint64_t> rows;  ///< of the table, ascending
};

/// What rows [first, last) of `set` lie in, in order: fetches each piece once. `last_piece` is the piece fetched last, kept from one call to
/// the next; null at first.
std::vector<RowPart> fetch_rows(const io::Table& table, std::span<const size_t> columns, const RowSet& set,
                                uint64_t first, uint64_t last, std::shared_ptr<const io::RawRows>& last_piece);

/// Calls each(block, rows) for the rows of `part`, at most kDecodeRows at a time. `block` is memory to be used again.
template <class Each>
void each_block(const RowPart& part, io::TableBlock& block, Each&& each);

inline constexpr size_t kDecodeRows = 1024;

/// Decodes rows (of the table, ascending) of `raw`: as one stretch where they are neighbours.
void decode_rows(const io::RawRows& raw, std::span<const uint64_t> rows, io::TableBlock& block);

/// Where rows (of the table, ascending) lie in the piece that begins at row `first`; `picked` is memory to be used again, and must stay.
StoredTile tile_of(uint64_t first, std::span<const uint64_t> rows, std::vector<uint32_t>& picked);

template <class Each>
void each_block(const RowPart& part, io::TableBlock& block, Each&& each) {
  for (size_t from = 0; from < part.rows.size(); from += kDecodeRows) {
    const auto rows = std::span(part.rows).subspan(from, std::min(kDecodeRows, part.rows.size() - from));
    decode_rows(*part.raw, rows, block);
    each(block, rows);
  }
}

}  // namespace penstock::table
