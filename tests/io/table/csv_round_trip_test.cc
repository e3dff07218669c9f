// Random tables written in every dialect and read back.
#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>

#include "io/table/csv/csv_table.h"
#include "io/table/csv/date_text.h"
#include "tests/io/table/csv_text.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

struct Cell {
  bool missing = false;
  int64_t whole = 0;
  double real = 0;
  std::string text;
};

/// A table and the text of it.
class Made {
 public:
  Made(uint64_t seed, const CsvDialect& dialect, const std::string& line_end)
      : random_(seed), dialect_(dialect), line_end_(line_end) {
    std::vector<ColumnSpec> columns;
    for (size_t c = 0, n = 1 + random_() % 12; c < n; ++c)
      columns.push_back({.name = "n" + std::to_string(c), .type = static_cast<ColumnType>(random_() % 6)});
    for (ColumnSpec& column : columns)
      if (column.type == ColumnType::kDate && random_() % 2 == 0) column.format = "%d.%m.%Y";
    schema = TableSchema(columns);
    for (size_t i = 0; i < dialect.skip; ++i) text += "a note" + line_end;
    if (dialect.header != CsvDialect::Header::kNo) row([&](size_t c) { return columns[c].name; });
    for (size_t r = 0, n = random_() % 400; r < n; ++r) {
      rows.emplace_back();
      for (const ColumnSpec& column : columns) rows.back().push_back(cell(column));
      row([&](size_t c) { return rows.back()[c].text; });
    }
    if (random_() % 2 == 0 && !rows.empty()) text.resize(text.size() - line_end.size());
  }
  TableSchema schema;
  std::vector<std::vector<Cell>> rows;
  std::string text;

 private:
  Cell cell(const ColumnSpec& column) {
    Cell out;
    if (random_() % 8 == 0) {
      out.missing = true;
      out.text = dialect_.missing[random_() % dialect_.missing.size()];
      return out;
    }
    switch (column.type) {
      case ColumnType::kInt:
        out.whole = static_cast<int64_t>(random_()) >> random_() % 64;
        out.text = std::to_string(out.whole);
        break;
      case ColumnType::kReal: {
        out.real =
            std::ldexp(static_cast<double>(random_() % 2000000) - 1000000, static_cast<int>(random_() % 60) - 30);
        char digits[64];
        std::snprintf(digits, sizeof digits, "%.17g", out.real);
        out.text = digits;
        break;
      }
      case ColumnType::kBool:
        out.whole = static_cast<int64_t>(random_() % 2);
        out.text = out.whole != 0 ? "true" : "False";
        break;
      case ColumnType::kDate: {
        out.whole = static_cast<int64_t>(random_() % 40000) - 10000;
        const std::string iso = date_text(out.whole);
        out.text = column.format.empty() ? iso : iso.substr(8) + "." + iso.substr(5, 2) + "." + iso.substr(0, 4);
        break;
      }
      case ColumnType::kTime:
        out.whole = static_cast<int64_t>(random_() % 4000000000) - 1000000000;
        out.text = time_text(out.whole);
        break;
      case ColumnType::kText: {
        const std::string letters = std::string("abc xyz\xC3\xA4") +
                                    (dialect_.quote != 0 ? "\r\n\"'" + std::string(2, dialect_.delimiter) : "");
        for (size_t i = 0, n = 1 + random_() % 30; i < n; ++i) out.text += letters[random_() % letters.size()];
        if (dialect_.quote == 0 && dialect_.space) out.text.insert(0, "x");
        break;
      }
    }
    return out;
  }

  template <class Text>
  void row(const Text& cell_text) {
    for (size_t c = 0; c < schema.size(); ++c) {
      if (c > 0) text += dialect_.delimiter + std::string(dialect_.space && random_() % 4 != 0 ? " " : "");
      const std::string cell = cell_text(c);
      const std::string special =
          std::string("\r\n ") + dialect_.delimiter + (dialect_.quote != 0 ? std::string(1, dialect_.quote) : "");
      const bool must = cell.find_first_of(special) != std::string::npos || (schema.size() == 1 && cell.empty());
      if (dialect_.quote == 0 || (!must && random_() % 4 != 0)) {
        text += cell;
        continue;
      }
      text += dialect_.quote;
      for (const char letter : cell) text += letter == dialect_.quote ? std::string(2, letter) : std::string(1, letter);
      text += dialect_.quote;
    }
    text += line_end_;
  }

  std::mt19937_64 random_;
  const CsvDialect dialect_;
  const std::string line_end_;
};

void expect_cell(const ColumnBlock& column, size_t row, const Cell& wanted) {
  ASSERT_EQ(column.is_missing(row), wanted.missing);
  switch (column.type) {
    case ColumnType::kText: ASSERT_EQ(column.text(row), wanted.missing ? "" : wanted.text); break;
    case ColumnType::kReal:
      if (wanted.missing)
        ASSERT_TRUE(std::isnan(column.reals[row]));
      else
        ASSERT_EQ(column.reals[row], wanted.real);
      break;
    default: ASSERT_EQ(column.ints[row], wanted.whole);
  }
}

TEST(CsvRoundTrip, EveryDialectComesBack) {
  const TempFolder folder;
  std::vector<CsvDialect> dialects;
  for (const char delimiter : {',', '\t', ';', '|', ':'})
    for (const char quote : {'"', '\'', '\0'})
      for (const bool space : {false, true})
        for (const auto header : {CsvDialect::Header::kNo, CsvDialect::Header::kYes, CsvDialect::Header::kIgnored})
          dialects.push_back(
              {.delimiter = delimiter, .quote = quote, .space = space, .header = header, .skip = space ? 2u : 0u});
  uint64_t seed = 1, rows_seen = 0;
  for (const CsvDialect& dialect : dialects)
    for (const char* line_end : {"\n", "\r\n", "\r"}) {
      if (dialect.delimiter == ':' && dialect.quote == 0) continue;  // times have colons
      const Made made(seed++, dialect, line_end);
      if (dialect.quote == 0 && made.schema.size() == 1) continue;  // an empty line is no row
      folder.put("t.csv", made.text);
      folder.put("t.csv.schema", csv_form_text({dialect, made.schema}));
      if (made.rows.empty() && dialect.header == CsvDialect::Header::kNo) continue;
      const auto table = open_columns(folder / "t.csv", {.cache_folder = folder / "cache"});
      ASSERT_EQ(table->rows(), made.rows.size()) << delimiter_text(dialect) << made.text;
      std::vector<size_t> columns(made.schema.size());
      for (size_t c = 0; c < columns.size(); ++c) columns[c] = columns.size() - 1 - c;
      for (uint64_t p = 0; p < table->pieces(); ++p) {
        const auto rows = table->fetch(p, columns);
        TableBlock block;
        rows->decode(0, rows->count(), block);
        ASSERT_TRUE(block.bad.empty()) << block.bad[0].reason << made.text;
        for (size_t r = 0; r < block.rows; ++r, ++rows_seen)
          for (size_t c = 0; c < columns.size(); ++c)
            ASSERT_NO_FATAL_FAILURE(expect_cell(block.columns[c], r, made.rows[table->piece_begin(p) + r][columns[c]]))
                << delimiter_text(dialect) << " " << quote_text(dialect) << " row " << r << " column " << columns[c]
                << "\n"
                << made.text;
      }
    }
  EXPECT_GT(rows_seen, 20000u);
}

}  // namespace
}  // namespace penstock::io
