// Text in memory as rows of a table.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "io/table/csv/csv_rows.h"

namespace penstock::io::test {

inline const std::string kTextName = "t.csv";

inline CsvText text_of_string(std::string_view text) {
  CsvText out(text.size());
  std::copy(text.begin(), text.end(), out.data());
  return out;
}

inline RowsFound rows_found(std::string_view text, const CsvDialect& dialect, bool whole = true,
                            const ChunkKernels& kernels = ChunkKernels::best()) {
  const CsvText padded = text_of_string(text);
  RowsFound out;
  find_rows(padded.view(), dialect, whole, out, kernels);
  return out;
}

/// A table of `columns` texts called c1, c2, ...
inline TableSchema texts_schema(size_t columns) {
  std::vector<ColumnSpec> out;
  for (size_t c = 0; c < columns; ++c) out.push_back({.name = "c" + std::to_string(c + 1)});
  return TableSchema(out);
}

/// All rows of `text`, which has no header, all columns wanted.
inline std::unique_ptr<CsvRows> rows_in(const CsvReading& reading, std::string_view text) {
  std::vector<size_t> columns(reading.schema.size());
  std::iota(columns.begin(), columns.end(), size_t{0});
  return std::make_unique<CsvRows>(
      reading, text_of_string(text),
      CsvRows::Place{.file = &kTextName, .count = rows_found(text, reading.dialect).size()}, columns);
}

/// What a value says, "-" where it is missing.
inline std::string value_text(const ColumnBlock& column, size_t row) {
  if (column.is_missing(row)) return "-";
  if (column.type == ColumnType::kText) return std::string(column.text(row));
  if (column.type == ColumnType::kReal) return std::to_string(column.reals[row]);
  return std::to_string(column.ints[row]);
}

/// Rows as "a|b|c"; "BAD reason" where they are.
inline std::vector<std::string> shown(const TableBlock& block) {
  std::vector<std::string> out(block.rows);
  for (size_t r = 0; r < block.rows; ++r)
    for (size_t c = 0; c < block.columns.size(); ++c) out[r] += (c > 0 ? "|" : "") + value_text(block.columns[c], r);
  for (const BadRow& bad : block.bad) out[bad.row] = "BAD " + bad.reason;
  return out;
}

inline std::vector<std::string> decoded(const CsvReading& reading, std::string_view text) {
  const auto rows = rows_in(reading, text);
  TableBlock block;
  rows->decode(0, rows->count(), block);
  return shown(block);
}

}  // namespace penstock::io::test
