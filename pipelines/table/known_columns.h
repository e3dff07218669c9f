// The types that a new table's columns have: those of the table that a model was trained on.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/table/table_schema.h"
#include "stages/table/fitted.h"

namespace penstock {

/// What a look at a new text file cannot tell: one day of sales holds no "a" in its column of holidays, counts come without a half, a column is empty. Its columns are read with the types that the
/// columns of the same names had at training; a cell that holds no value of that type makes its row a bad one. A column of whole
/// numbers that is read as a number alone may have halves. Formats that keep types are read as they are.
class KnownColumns {
 public:
  KnownColumns() = default;  ///< none
  /// The columns that `fitted` reads. `prepared`: they come out of [prepare], and dates may have been written otherwise in the table that goes in: their types are left open.
  static KnownColumns of(const table::Fitted& fitted, bool prepared);
  /// Those of a table that was read at training, as it lay on disk.
  static KnownColumns of(const io::TableSchema& schema);

  /// Gives `found` the types known by name. A file without a header has "c1", "c2", ...: these are called `names`, where there are as many.
  void settle(std::span<const std::string> names, std::vector<io::ColumnSpec>& found) const;
  bool empty() const { return columns_.empty(); }

 private:
  struct Known {
    io::ColumnSpec column;
    bool is_number = false;
  };
  std::vector<Known> columns_;
};

}  // namespace penstock
