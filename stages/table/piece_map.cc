#include "stages/table/piece_map.h"

#include <algorithm>
#include <numeric>

namespace penstock::table {

PieceMap::PieceMap(const io::Table& table, const RowSet& rows) {
  begins_.reserve(table.pieces() + 1);
  for (uint64_t p = 0; p <= table.pieces(); ++p) begins_.push_back(rows.before(table.piece_begin(p)));
  for (uint64_t p = 0; p < pieces(); ++p) most_ = std::max(most_, records(p));
}

uint64_t PieceMap::piece_of(uint64_t id) const {
  return static_cast<uint64_t>(std::ranges::upper_bound(begins_, id) - begins_.begin()) - 1;
}

void PieceMap::add_pieces(uint64_t first, uint64_t last, std::vector<uint64_t>& out) const {
  if (first >= last) return;
  for (uint64_t p = piece_of(first), end = piece_of(last - 1); p <= end; ++p)
    if (records(p) > 0) out.push_back(p);
}

// By counting: the records of a slice lie in few pieces, or in about all of them.
PieceMap::Sorted PieceMap::sorted(std::span<const uint64_t> ids) const {
  Sorted out;
  if (ids.empty()) return out;
  std::vector<uint64_t> pieces(ids.size());
  uint64_t low = UINT64_MAX, high = 0, last = 0;
  bool ascending = true;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i == 0 || ids[i] < begins_[last] || ids[i] >= begins_[last + 1]) last = piece_of(ids[i]);
    ascending = ascending && (i == 0 || pieces[i - 1] <= last);
    pieces[i] = last;
    low = std::min(low, last);
    high = std::max(high, last);
  }
  out.low = low;
  out.begins.resize(high - low + 2);
  for (const uint64_t piece : pieces) ++out.begins[piece - low + 1];
  std::partial_sum(out.begins.begin(), out.begins.end(), out.begins.begin());
  out.places.resize(ids.size());
  std::iota(out.places.begin(), out.places.end(), 0u);
  if (ascending) return out;
  std::vector<uint32_t> next(out.begins.begin(), out.begins.end() - 1);
  for (size_t i = 0; i < ids.size(); ++i) out.places[next[pieces[i] - low]++] = static_cast<uint32_t>(i);
  return out;
}

}  // namespace penstock::table
