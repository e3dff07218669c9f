// How is this file written? Found by looking at its beginning.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/table/csv/csv_dialect.h"

namespace penstock::io {

/// The dialect in which the first rows of `text` have the same number of cells, more than one where there is such a one: delimiter, quote, blanks behind the delimiter, header. `whole`: the text is all of the file.
/// A first row is a header where a column that holds numbers, truth values or dates has none of those in it; where all columns are text, its cells must be distinct, none missing and none found again in its column.
CsvDialect sniff_csv(std::string_view text, bool whole);

/// Names for columns: those of the header, "c3" where it has none for the third.
std::vector<std::string> column_names(const std::vector<std::string>& first_row, CsvDialect::Header header);

}  // namespace penstock::io
