// Which piece of its table each record of a data set lies in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/table/table.h"
#include "stages/table/row_set.h"

namespace penstock::table {

/// The first record of each piece: 8 bytes a piece. Immutable, so safe from any thread.
class PieceMap {
 public:
  /// Record `id` is row rows.row(id) of `table`.
  PieceMap(const io::Table& table, const RowSet& rows);

  uint64_t pieces() const { return begins_.size() - 1; }
  /// Of record `id`.
  uint64_t piece_of(uint64_t id) const;
  /// Records that lie in a piece: [first(piece), first(piece + 1)).
  uint64_t first(uint64_t piece) const { return begins_[piece]; }
  uint64_t records(uint64_t piece) const { return begins_[piece + 1] - begins_[piece]; }
  uint64_t most_records() const { return most_; }
  /// Adds the pieces that records [first, last) lie in, ascending; not those between that hold none.
  void add_pieces(uint64_t first, uint64_t last, std::vector<uint64_t>& out) const;
  /// Calls each(piece, places) for the pieces that records `ids` (in any order) lie in, ascending: which of the ids each holds, ascending.
  template <class Each>
  void by_piece(std::span<const uint64_t> ids, Each&& each) const;
  uint64_t bytes() const { return begins_.capacity() * sizeof(uint64_t); }

 private:
  /// Where the places of each piece begin in `places`, for pieces from `low` on.
  struct Sorted {
    uint64_t low = 0;
    std::vector<uint32_t> begins, places;
  };
  Sorted sorted(std::span<const uint64_t> ids) const;

  std::vector<uint64_t> begins_;  ///< of each piece, and the number of records
  uint64_t most_ = 0;             ///< of one piece
};

template <class Each>
void PieceMap::by_piece(std::span<const uint64_t> ids, Each&& each) const {
  const Sorted all = sorted(ids);
  for (size_t p = 0; p + 1 < all.begins.size(); ++p)
    if (const size_t count = all.begins[p + 1] - all.begins[p]; count > 0)
      each(all.low + p, std::span(all.places).subspan(all.begins[p], count));
}

}  // namespace penstock::table
