// A CSV file read whole into a table in memory; types are found by looking at all cells.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "io/table/csv_reader.h"
#include "stages/table/prepare/calendar.h"
#include "tests/support/memory_table.h"

namespace penstock::test {

inline bool all_digits(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}
inline bool is_real(const std::string& text) {
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

/// Columns of ints, reals, dates (2015-07-31) or texts. Throws Error where there is no such file.
inline std::unique_ptr<MemoryTable> csv_in_memory(const std::string& path, uint64_t piece_rows = 65536) {
  io::CsvReader reader(io::FileSystem::real(), path);
  std::vector<std::string_view> cells;
  PENSTOCK_CHECK(reader.next(cells));
  const std::vector<std::string> names(cells.begin(), cells.end());
  std::vector<std::vector<std::string>> rows;
  while (reader.next(cells)) rows.emplace_back(cells.begin(), cells.end());
  std::vector<io::ColumnSpec> specs;
  for (size_t c = 0; c < names.size(); ++c) {
    bool whole = true, real = true, date = true;
    for (const auto& row : rows) {
      if (row[c].empty()) continue;
      whole = whole && all_digits(row[c]);
      real = real && (whole || is_real(row[c]));
      date = date && table::parse_days(row[c]).has_value();
    }
    specs.push_back({names[c], whole  ? io::ColumnType::kInt
                               : real ? io::ColumnType::kReal
                               : date ? io::ColumnType::kDate
                                      : io::ColumnType::kText});
  }
  auto table = std::make_unique<MemoryTable>(io::TableSchema(specs), MemoryTable::Options{.piece_rows = piece_rows});
  for (auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c)
      if (specs[c].type == io::ColumnType::kDate && !row[c].empty())
        row[c] = std::to_string(table::parse_days(row[c]).value());
    table->add(row);
  }
  return table;
}

}  // namespace penstock::test
