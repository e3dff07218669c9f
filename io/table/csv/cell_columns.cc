#include "io/table/csv/cell_columns.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "io/table/csv/cell_values.h"

namespace penstock::io {
namespace {

// What a cell says, without its quotes and the blanks before it.
std::string_view bare(const ColumnJob& job, CellGrid::Span span) {
  const CsvDialect& dialect = job.reading.dialect;
  const char* text = job.grid.text();
  if (dialect.space)
    while (span.begin < span.end && text[span.begin] == ' ') ++span.begin;
  if (dialect.quote == 0 || span.end - span.begin < 2 || text[span.begin] != dialect.quote)
    return {text + span.begin, span.end - span.begin};
  const std::string_view inside(text + span.begin + 1,
                                span.end - span.begin - 2);  // no row with another end comes here
  if (std::memchr(inside.data(), dialect.quote, inside.size()) != nullptr) return job.unescaped(span.begin + 1);
  return inside;
}

template <bool first_column, bool plain, class Put>
void each_cell(const ColumnJob& job, Put&& put) {
  const size_t rows = job.grid.rows();
  for (size_t row = 0; row < rows; ++row) {
    const CellGrid::Span span = job.grid.raw<first_column>(row, job.column);
    if constexpr (plain) {
      put(row, std::string_view(job.grid.text() + span.begin, span.end - span.begin));
    } else {
      put(row, bare(job, span));
    }
  }
}

template <class Put>
void each(const ColumnJob& job, Put&& put) {
  if (job.column == 0) return job.grid.plain() ? each_cell<true, true>(job, put) : each_cell<true, false>(job, put);
  return job.grid.plain() ? each_cell<false, true>(job, put) : each_cell<false, false>(job, put);
}

/// Puts values of one type; `parse(cell, value)` says whether the cell holds one, `parse_odd` the same where it says no.
template <bool asks_first, class Value, class Parse, class ParseOdd>
bool put_values(const ColumnJob& job, std::vector<Value>& values, Value none, Parse&& parse, ParseOdd&& parse_odd) {
  const MissingWords& missing = job.reading.missing;
  Value* const out = values.data() + job.at;
  uint8_t* const gaps = job.out.missing.data() + job.at;
  bool any = false;
  const auto rare = [&](size_t row, std::string_view cell) {
    Value value = none;
    const std::string_view inner = trimmed(cell);
    const bool gap = missing.contains(cell) || missing.contains(inner);
    if (!gap && !parse(inner, value) && !parse_odd(inner, value)) job.fault(row, cell);
    out[row] = value;
    gaps[row] = gap ? 1 : 0;
    any |= gap;
  };
  each(job, [&](size_t row, std::string_view cell) {
    if (asks_first || cell.empty() || !parse(cell, out[row])) rare(row, cell);
  });
  return any;
}

template <bool asks_first, class Value, class Parse>
bool put_values(const ColumnJob& job, std::vector<Value>& values, Value none, Parse&& parse) {
  return put_values<asks_first>(job, values, none, parse, [](std::string_view, Value&) { return false; });
}

bool put_reals(const ColumnJob& job) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto parse = [](std::string_view cell, double& out) {
    return parse_short_real(cell.data(), cell.data() + cell.size(), out);
  };
  bool any = has_decimal_comma(job.reading.schema.columns()[job.column])
                 ? put_values<true>(job, job.out.reals, kNone, parse_comma_real)
             : job.reading.missing.has_number() ? put_values<true>(job, job.out.reals, kNone, parse)
                                                : put_values<false>(job, job.out.reals, kNone, parse);
  for (size_t row = job.at; row < job.at + job.grid.rows(); ++row) {
    if (!std::isnan(job.out.reals[row])) continue;
    job.out.missing[row] = 1;  // also where the file spells it out
    any = true;
  }
  return any;
}

bool put_ints(const ColumnJob& job) {
  const auto parse = [](std::string_view cell, int64_t& out) {
    return parse_int(cell.data(), cell.data() + cell.size(), out);
  };
  // "3.0": what programs write whose ints become reals where one is missing.
  const auto parse_whole = [](std::string_view cell, int64_t& out) {
    double real = 0;
    if (!parse_real(cell, real) || std::trunc(real) != real || std::abs(real) >= 0x1p53) return false;
    out = static_cast<int64_t>(real);
    return true;
  };
  return job.reading.missing.has_number() ? put_values<true>(job, job.out.ints, int64_t{0}, parse, parse_whole)
                                          : put_values<false>(job, job.out.ints, int64_t{0}, parse, parse_whole);
}

bool put_texts(const ColumnJob& job) {
  const MissingWords& missing = job.reading.missing;
  std::string_view* const out = job.out.texts.data() + job.at;
  uint8_t* const gaps = job.out.missing.data() + job.at;
  bool any = false;
  each(job, [&](size_t row, std::string_view cell) {
    out[row] = cell;
    if (cell.size() > missing.longest() || !missing.contains(cell)) return;
    out[row] = {};
    gaps[row] = 1;
    any = true;
  });
  return any;
}

}  // namespace

bool read_column(const ColumnJob& job) {
  const DateFormat& format = job.reading.dates[job.column];
  std::fill_n(job.out.missing.begin() + static_cast<ptrdiff_t>(job.at), job.grid.rows(), uint8_t{0});
  switch (job.out.type) {
    case ColumnType::kInt: return put_ints(job);
    case ColumnType::kReal: return put_reals(job);
    case ColumnType::kText: return put_texts(job);
    case ColumnType::kBool: return put_values<true>(job, job.out.ints, int64_t{0}, parse_bool);
    case ColumnType::kDate:
      return put_values<true>(job, job.out.ints, int64_t{0},
                              [&](std::string_view cell, int64_t& out) { return format.date(cell, out); });
    case ColumnType::kTime:
      return put_values<true>(job, job.out.ints, int64_t{0},
                              [&](std::string_view cell, int64_t& out) { return format.time(cell, out); });
  }
  return false;
}

std::string expected_of(const ColumnSpec& column) {
  std::string out(name_of(column.type));
  if (has_decimal_comma(column)) out += " with a decimal comma";
  if (column.type == ColumnType::kDate || column.type == ColumnType::kTime)
    out += column.format.empty() ? " as ISO 8601 has it" : " as " + column.format;
  return out;
}

}  // namespace penstock::io
