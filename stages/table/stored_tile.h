// Some rows of a column that lies narrow in memory, and the two things that encoding asks of them without widening them first.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "io/table/stored_column.h"

namespace penstock::table {

/// Rows [first, first + count) of a piece, or where `picked` is not empty those that it lists, `count` of them.
struct StoredTile {
  size_t first = 0, count = 0;
  std::span<const uint32_t> picked = {};

  StoredTile part(size_t from, size_t n) const {
    return picked.empty() ? StoredTile{first + from, n, {}} : StoredTile{0, n, picked.subspan(from, n)};
  }
};

/// Calls each(i) for the rows of the tile whose value is missing, by their place in the tile.
template <class Each>
void each_missing(const io::StoredColumn& column, const StoredTile& tile, Each&& each) {
  if (column.valid == nullptr) return;
  if (!tile.picked.empty()) {
    for (size_t i = 0; i < tile.count; ++i) {
      const size_t at = column.first + tile.picked[i];
      if ((column.valid[at >> 3] >> (at & 7) & 1) == 0) each(i);
    }
    return;
  }
  for (size_t i = 0; i < tile.count;) {
    const size_t at = column.first + tile.first + i;
    const size_t bits = std::min<size_t>(tile.count - i, 56);  // of any eight bytes: up to seven bits lie before
    uint64_t word = 0;
    std::memcpy(&word, column.valid + (at >> 3), ((at & 7) + bits + 7) / 8);
    uint64_t none = ~(word >> (at & 7)) & ((uint64_t{1} << bits) - 1);
    for (; none != 0; none &= none - 1) each(i + static_cast<size_t>(std::countr_zero(none)));
    i += bits;
  }
}

/// Calls with_values(values, place) where values is the column as `const T*` and value place(i) is row i's. False where the column is no integers of 8 to 64 signed bits.
template <class Call>
bool with_ints(const io::StoredColumn& column, const StoredTile& tile, Call&& call) {
  const auto placed = [&]<class T>(const T*) {
    const T* const values = reinterpret_cast<const T*>(column.values) + column.first;
    if (tile.picked.empty())
      call(values + tile.first, [](size_t i) { return i; });
    else
      call(values, [picked = tile.picked.data()](size_t i) { return static_cast<size_t>(picked[i]); });
    return true;
  };
  switch (column.as) {
    case io::Stored::kI8: return placed(static_cast<const int8_t*>(nullptr));
    case io::Stored::kI16: return placed(static_cast<const int16_t*>(nullptr));
    case io::Stored::kI32: return placed(static_cast<const int32_t*>(nullptr));
    case io::Stored::kI64: return placed(static_cast<const int64_t*>(nullptr));
    default: return false;
  }
}

}  // namespace penstock::table
