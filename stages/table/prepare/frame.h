// Some rows on their way through the steps: the columns of the table, and those that steps made so far.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/table/table_block.h"
#include "io/table/table_schema.h"

namespace penstock::table {

/// The columns that exist after the steps bound so far. One thread.
class Columns {
 public:
  struct Column {
    io::ColumnSpec spec;
    /// How many times all rows must have been seen before its values are known: 0 for those of the table.
    unsigned level = 0;
    /// Made from the target, or the target itself: nothing may look at its future.
    bool from_target = false;
  };

  size_t size() const { return columns_.size(); }
  const Column& operator[](size_t i) const { return columns_[i]; }
  size_t index_of(std::string_view name) const;
  /// Throws Error kUsage naming the nearest column; `who` asks ("prepare.step 3 (date)").
  size_t require(std::string_view name, std::string_view who) const;
  /// Throws Error kUsage where there is such a column.
  size_t add(Column column, std::string_view who);
  io::TableSchema schema() const;

 private:
  std::vector<Column> columns_;
};

/// Rows [first, first + rows) of all that is prepared. A plain value that owns, or holds, what its texts point into.
struct Frame {
  uint64_t first = 0;
  size_t rows = 0;
  std::vector<io::ColumnBlock> columns;
  /// 1: not in the result, and no step sees it any more. Bad rows of the table, and what a join drops.
  std::vector<uint8_t> dropped;
  std::deque<std::string> words;                    ///< texts that steps made
  std::vector<std::shared_ptr<const void>> sources;  ///< what other texts point into
};

/// Of an int, bool, date, time or real column; NaN where missing.
inline double number_at(const io::ColumnBlock& column, size_t row) {
  if (column.type == io::ColumnType::kReal) return column.reals[row];
  return column.is_missing(row) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(column.ints[row]);
}
/// Of any column: its mark, or a NaN.
inline bool missing_at(const io::ColumnBlock& column, size_t row) {
  if (column.is_missing(row)) return true;
  return column.type == io::ColumnType::kReal && column.reals[row] != column.reals[row];
}
inline bool is_whole(io::ColumnType type) { return type != io::ColumnType::kReal && type != io::ColumnType::kText; }

/// `rows` values of 0 or "", none missing.
io::ColumnBlock made_column(io::ColumnType type, size_t rows);
/// Marks a value as missing and gives it the value that missing ones have.
void set_missing(io::ColumnBlock& column, size_t row);

}  // namespace penstock::table
