// The beginning of a text file: what stands in front of its rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/file.h"
#include "io/table/csv/csv_dialect.h"

namespace penstock::io {

/// Where the rows of a file begin, and the cells of its first row, the header where it has one.
struct CsvHead {
  uint64_t offset = 0;  ///< of the first row of values, or of what stands where it would
  uint64_t line = 1;    ///< in which that is
  std::vector<std::string> cells;
};

/// Throws Error kData where the file is empty or UTF-16, and where its first row is longer than a row may be.
CsvHead read_csv_head(const File& file, const CsvDialect& dialect);

/// The first `most` bytes behind a byte order mark, in UTF-8, of which there are `mark` bytes.
struct CsvBeginning {
  std::string text;
  uint64_t mark = 0;
  bool whole = false;  ///< the file ends there
};
CsvBeginning read_csv_beginning(const File& file, uint64_t most);

/// What the cells of one row say, one character after the other: `row` without its line end. The row's quotes are as they should be.
std::vector<std::string> cells_of(std::string_view row, const CsvDialect& dialect);

}  // namespace penstock::io
