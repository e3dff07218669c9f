// A table of every type with missing values, made from a seed, and the cells of a table as text.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "io/table/table.h"

namespace penstock::io {

/// A block with room for texts of its own.
struct MadeBlock {
  TableBlock block;
  std::vector<std::unique_ptr<std::vector<std::string>>> texts;
};

inline ColumnBlock ints_column(ColumnType type, std::vector<int64_t> values, std::vector<uint8_t> missing = {}) {
  ColumnBlock column;
  column.type = type;
  column.ints = std::move(values);
  column.missing = std::move(missing);
  return column;
}

inline const std::vector<ColumnSpec>& made_columns() {
  static const std::vector<ColumnSpec> kColumns{
      {"tiny", ColumnType::kInt},   {"short", ColumnType::kInt}, {"int", ColumnType::kInt},
      {"long", ColumnType::kInt},   {"half", ColumnType::kReal}, {"real", ColumnType::kReal},
      {"city", ColumnType::kText},  {"note", ColumnType::kText}, {"yes", ColumnType::kBool},
      {"day", ColumnType::kDate},   {"time", ColumnType::kTime}, {"whole", ColumnType::kInt},
      {"never", ColumnType::kText}, {"gone", ColumnType::kReal}};
  return kColumns;
}

/// Rows [first, first + rows) of it. One in seven is missing, but in "whole"; "note" differs in every row; "never" and "gone" have no value.
inline MadeBlock made_rows(uint64_t first, size_t rows) {
  MadeBlock out;
  out.block.rows = rows;
  for (size_t c = 0; c < made_columns().size(); ++c) {
    const ColumnSpec& spec = made_columns()[c];
    ColumnBlock column;
    column.type = spec.type;
    auto texts = std::make_unique<std::vector<std::string>>();
    for (size_t i = 0; i < rows; ++i) {
      const uint64_t row = first + i;
      const uint64_t h = (row * 0x9E3779B97F4A7C15ULL + c * 0xBF58476D1CE4E5B9ULL) ^ (row << 7);
      const bool missing = spec.name == "never" || spec.name == "gone" || (spec.name != "whole" && (h >> 20) % 7 == 0);
      column.missing.push_back(missing);
      if (spec.type == ColumnType::kText) {
        texts->push_back(missing               ? ""
                         : spec.name == "note" ? "row " + std::to_string(row)
                                               : "city " + std::to_string(h % 300));
      } else if (spec.type == ColumnType::kReal) {
        const double value =
            spec.name == "half" ? static_cast<double>(h % 1000) / 4 : static_cast<double>(h % 1000) / 3;
        column.reals.push_back(missing ? std::numeric_limits<double>::quiet_NaN() : value);
      } else {
        const int64_t span = spec.name == "tiny"    ? 256
                             : spec.name == "short" ? 65536
                             : spec.name == "yes"   ? 2
                                                    : 1 << 30;
        int64_t value = static_cast<int64_t>(h >> 8) % span - (spec.name == "yes" ? 0 : span / 2);
        if (spec.name == "long") value *= 1 << 20;
        column.ints.push_back(missing ? 0 : value);
      }
    }
    if (spec.name == "whole") column.missing.clear();
    if (spec.type == ColumnType::kText) column.texts.assign(texts->begin(), texts->end());
    out.texts.push_back(std::move(texts));
    out.block.columns.push_back(std::move(column));
  }
  return out;
}

/// "-" where missing.
inline std::string cell(const ColumnBlock& column, size_t row) {
  if (column.is_missing(row)) return "-";
  if (column.type == ColumnType::kText) return "'" + std::string(column.text(row)) + "'";
  if (column.type != ColumnType::kReal) return std::to_string(column.ints[row]);
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", column.reals[row]);
  return text;
}

inline std::vector<std::string> lines_of(const TableBlock& block) {
  std::vector<std::string> lines;
  size_t bad = 0;
  for (size_t i = 0; i < block.rows; ++i) {
    if (bad < block.bad.size() && block.bad[bad].row == i) {
      lines.push_back("bad: " + block.bad[bad++].reason);
      continue;
    }
    std::string line;
    for (const ColumnBlock& column : block.columns) line += (line.empty() ? "" : "|") + cell(column, i);
    lines.push_back(line);
  }
  return lines;
}

inline std::vector<size_t> all_columns(const Table& table) {
  std::vector<size_t> all(table.schema().size());
  std::iota(all.begin(), all.end(), size_t{0});
  return all;
}

/// All rows, piece by piece.
inline std::vector<std::string> lines_of(const Table& table) {
  std::vector<std::string> lines;
  for (uint64_t p = 0; p < table.pieces(); ++p) {
    const auto rows = table.fetch(p, all_columns(table));
    TableBlock block;
    rows->decode(0, rows->count(), block);
    for (std::string& line : lines_of(block)) lines.push_back(std::move(line));
  }
  return lines;
}

/// Writes so many made rows, in blocks of `block`.
inline void write_made(const std::string& path, uint64_t rows, size_t block, const ColumnsWriterOptions& options = {},
                       FileSystem& fs = FileSystem::real()) {
  const auto writer = write_columns(path, TableSchema(made_columns()), options, fs);
  for (uint64_t first = 0; first < rows; first += block)
    writer->append(made_rows(first, std::min<uint64_t>(block, rows - first)).block);
  writer->finish();
}

}  // namespace penstock::io
