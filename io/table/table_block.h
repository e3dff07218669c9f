// Some rows of a table in memory, column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/table/table_schema.h"

namespace penstock::io {

/// The values of one column in all rows of a block. Of the vectors below only those of its type are filled, each with a value for every row.
struct ColumnBlock {
  ColumnType type = ColumnType::kText;
  std::vector<int64_t> ints;  ///< kInt, kBool, kDate, kTime; 0 where missing
  std::vector<double> reals;  ///< kReal; NaN where missing. A NaN that the file spells out is missing too
  /// kText, one of the two. `texts` point into the rows they were decoded from (RawRows), which must stay; "" where missing.
  std::vector<std::string_view> texts;
  /// Places in `dictionary`, where the file keeps one; 0 where missing.
  std::vector<uint32_t> codes;
  /// Shared by all blocks of a table whose `codes` mean the same: equal pointers, equal meaning. Null: `texts` are filled.
  std::shared_ptr<const std::vector<std::string>> dictionary;
  /// 1 where the value is missing; empty where none is.
  std::vector<uint8_t> missing;

  bool is_missing(size_t row) const { return !missing.empty() && missing[row] != 0; }
  std::string_view text(size_t row) const {
    return dictionary ? std::string_view((*dictionary)[codes[row]]) : texts[row];
  }
  /// Empties the vectors and keeps their memory.
  void clear();
};

/// A row that holds no record: too few cells, a word where a number belongs. Its values in the columns mean nothing.
struct BadRow {
  size_t row = 0;      ///< of the block
  std::string reason;  ///< "line 17 has 3 cells, the header has 9"
};

/// `rows` rows of the columns that were asked for, in that order.
struct TableBlock {
  size_t rows = 0;
  std::vector<ColumnBlock> columns;
  std::vector<BadRow> bad;  ///< by row
};

}  // namespace penstock::io
