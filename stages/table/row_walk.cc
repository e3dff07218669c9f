#include "stages/table/row_walk.h"

namespace penstock::table {

std::vector<RowPart> fetch_rows(const io::Table& table, std::span<const size_t> columns, const RowSet& set,
                                uint64_t first, uint64_t last, std::shared_ptr<const io::RawRows>& last_piece) {
  std::vector<RowPart> parts;
  set.runs(first, last, [&](uint64_t row, uint64_t count) {
    const uint64_t end = row + count;
    while (row < end) {
      if (!last_piece || row < last_piece->first() || row >= last_piece->first() + last_piece->count())
        last_piece = table.fetch(table.piece_of(row), columns);
      if (parts.empty() || parts.back().raw != last_piece) parts.push_back({last_piece, {}});
      for (const uint64_t until = std::min(end, last_piece->first() + last_piece->count()); row < until; ++row)
        parts.back().rows.push_back(row);
    }
  });
  return parts;
}

StoredTile tile_of(uint64_t first, std::span<const uint64_t> rows, std::vector<uint32_t>& picked) {
  bool neighbours = rows.back() - rows.front() + 1 == rows.size();
  for (size_t i = 1; neighbours && i < rows.size(); ++i) neighbours = rows[i] == rows[i - 1] + 1;  // one may come twice
  if (neighbours) return {static_cast<size_t>(rows.front() - first), rows.size(), {}};
  picked.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) picked[i] = static_cast<uint32_t>(rows[i] - first);
  return {0, rows.size(), picked};
}

void decode_rows(const io::RawRows& raw, std::span<const uint64_t> rows, io::TableBlock& block) {
  std::vector<uint32_t> picked;
  const StoredTile tile = tile_of(raw.first(), rows, picked);
  if (tile.picked.empty())
    raw.decode(tile.first, tile.count, block);
  else
    raw.decode(tile.picked, block);
}

}  // namespace penstock::table
