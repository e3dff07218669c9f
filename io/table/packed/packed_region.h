// The buffers of one column in one piece, one behind the other as an Arrow record batch has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/table/stored_column.h"

namespace penstock::io {

/// Where the buffers of a region begin and how many bytes they hold; each is padded to kPackedAlignment.
struct RegionParts {
  uint64_t valid_bytes = 0;  ///< 0: none is missing
  uint64_t offsets_at = 0, offsets_bytes = 0;
  uint64_t values_at = 0, values_bytes = 0;
  uint64_t bytes = 0;

  /// `text_bytes`: of all texts together, where they are stored as such.
  static RegionParts of(Stored as, size_t rows, bool has_valid, uint64_t text_bytes);
};

/// A region of the values of `block` (ints, reals, codes or texts, by its type and what is filled). Texts together stay below 2 GiB.
std::vector<std::byte> make_region(Stored as, const ColumnBlock& block, size_t rows);

/// A region looked at as a column; nothing where its bytes do not fit so many rows. Borrows.
std::optional<StoredColumn> view_region(std::span<const std::byte> region, ColumnType type, Stored as, bool has_valid,
                                        size_t rows);

}  // namespace penstock::io
