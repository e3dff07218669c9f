// The cells of one column become values.
#pragma once

#include <functional>
#include <string_view>

#include "io/table/csv/cell_grid.h"
#include "io/table/csv/csv_rows.h"
#include "io/table/table_block.h"

namespace penstock::io {

/// One column of the rows of a grid. `out` has its vectors in their full length already; rows [at, at + grid.rows()) of it are filled.
struct ColumnJob {
  const CsvReading& reading;
  const CellGrid& grid;
  size_t column = 0;
  size_t at = 0;
  ColumnBlock& out;
  /// What a quoted cell says in which two quotes stand for one; asked with where it begins behind its quote.
  const std::function<std::string_view(uint32_t)>& unescaped;
  /// Told of a cell that holds no value of the column's type: row of the grid, what it says.
  const std::function<void(size_t, std::string_view)>& fault;
};

/// True where a value is missing.
bool read_column(const ColumnJob& job);

/// "int", "real", "date as %d.%m.%Y": what a cell of the column should have been.
std::string expected_of(const ColumnSpec& column);

}  // namespace penstock::io
