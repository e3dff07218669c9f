#include "io/table/csv/csv_rows.h"

#include <algorithm>

#include "engine/base/error.h"
#include "io/table/csv/cell_columns.h"
#include "io/table/csv/cell_values.h"

namespace penstock::io {
namespace {

constexpr size_t kCellsAtOnce =
    8192;                      // their ends are 32 KiB: they and the text of the rows stay in the nearest caches
constexpr size_t kShown = 40;  // letters of a cell in a message

std::string shortened(std::string_view cell) {
  std::string out(cell.substr(0, kShown));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return "'" + out + (cell.size() > kShown ? "...'" : "'");
}

}  // namespace

CsvReading::CsvReading(CsvDialect dialect_in, TableSchema schema_in, const ChunkKernels& kernels_in)
    : dialect(std::move(dialect_in)), schema(std::move(schema_in)), missing(dialect.missing), kernels(kernels_in) {
  for (const ColumnSpec& column : schema.columns()) dates.emplace_back(has_decimal_comma(column) ? "" : column.format);
}

CsvText::CsvText(size_t bytes)
    : data_(std::make_unique_for_overwrite<char[]>(bytes + ChunkMasks::kPadding)), bytes_(bytes) {
  std::fill_n(data_.get() + bytes, ChunkMasks::kPadding, '\n');
}

CsvRows::CsvRows(const CsvReading& reading, CsvText text, Place place, std::span<const size_t> columns)
    : reading_(reading), text_(std::move(text)), place_(place), columns_(columns.begin(), columns.end()) {}

uint64_t CsvRows::escaped_bytes(const RowsFound& rows, size_t from, size_t to) {
  uint64_t out = 0;
  for (const RowsFound::Escaped& cell : rows.escaped) {
    if (from < to && cell.begin >= rows.begin[from] && cell.begin <= rows.end[to - 1])
      out += cell.end - cell.begin + sizeof(RowsFound::Escaped) + sizeof(uint32_t);
  }
  return out;
}

const CsvRows::Found& CsvRows::found() const {
  std::call_once(once_, [&] {
    found_.rows.begin.reserve(place_.count);
    found_.rows.end.reserve(place_.count);
    find_rows(text_.view(), reading_.dialect, true, found_.rows, reading_.kernels);
    unescape(found_);
  });
  if (found_.rows.size() != place_.count)
    throw Error(Code::kData, "'" + *place_.file + "' holds other rows than when its index was made")
        .hint("do not write to it while it is read; start again");
  return found_;
}

void CsvRows::unescape(Found& found) const {
  const std::string_view text = text_.view();
  for (const RowsFound::Escaped& cell : found.rows.escaped) {
    for (uint32_t i = cell.begin; i < cell.end; ++i) {
      found.unescaped += text[i];
      if (text[i] == reading_.dialect.quote) ++i;
    }
    found.ends.push_back(static_cast<uint32_t>(found.unescaped.size()));
  }
  if (!found.ends.empty()) found.unescaped.append(8, '\0');  // parse_int() reads eight bytes
}

std::pair<uint64_t, uint64_t> CsvRows::span_of(size_t row) const {
  const RowsFound& rows = found().rows;
  return {rows.begin[row], rows.end[row]};
}

/// The lines that rows begin in. Counted on from the row before, as a piece may hold bad rows only.
class CsvRows::Lines {
 public:
  explicit Lines(const CsvRows& rows) : rows_(rows) {}

  /// "a.csv line 17".
  std::string text(size_t row) {
    const uint32_t begin = rows_.found().rows.begin[row];
    if (begin < counted_to_) {
      counted_to_ = 0;
      lines_ = 0;
    }
    const std::string_view text = rows_.text_.view().substr(counted_to_, begin - counted_to_);
    lines_ += count_lines(text, rows_.reading_.kernels);
    counted_to_ = begin;
    return *rows_.place_.file + " line " + std::to_string(rows_.place_.line + lines_);
  }

 private:
  const CsvRows& rows_;
  uint32_t counted_to_ = 0;  ///< of the text
  uint64_t lines_ = 0;       ///< up to there
};

std::vector<std::string> CsvRows::places(std::span<const size_t> rows) const {
  Lines lines(*this);
  std::vector<std::string> out;
  for (const size_t row : rows) out.push_back(lines.text(row));
  return out;
}

/// One call of decode(): the grid, and the faults of its rows.
class CsvRows::Decoder {
 public:
  Decoder(const CsvRows& rows, size_t count, TableBlock& out)
      : rows_(rows),
        found_(rows.found()),
        out_(out),
        lines_(rows),
        grid_(rows.text_.view().data(), rows.reading_.dialect, rows.reading_.schema.size(), rows.reading_.kernels),
        room_(std::clamp<size_t>(kCellsAtOnce / std::max<size_t>(1, rows.reading_.schema.size()), 1, 2048)),
        gaps_(rows.columns_.size(), false) {
    out.rows = count;
    out.bad.clear();
    out.columns.resize(rows.columns_.size());
    for (size_t i = 0; i < rows.columns_.size(); ++i) prepare(out.columns[i], rows.columns_[i], count);
  }

  void add(size_t from, size_t count) {
    while (count > 0) {
      const size_t part = std::min(count, room_ - grid_.rows());
      add_part(from, part);
      from += part;
      count -= part;
      if (grid_.rows() == room_) flush();
    }
  }

  void finish() {
    flush();
    for (size_t i = 0; i < gaps_.size(); ++i)
      if (!gaps_[i]) out_.columns[i].missing.clear();
    std::ranges::sort(out_.bad, {}, &BadRow::row);
  }

 private:
  // Vectors keep what they hold: all of it is overwritten.
  void prepare(ColumnBlock& column, size_t which, size_t count) const {
    column.type = rows_.reading_.schema.columns()[which].type;
    column.codes.clear();
    column.dictionary.reset();
    column.missing.resize(count);
    const bool real = column.type == ColumnType::kReal, text = column.type == ColumnType::kText;
    column.reals.resize(real ? count : 0);
    column.texts.resize(text ? count : 0);
    column.ints.resize(real || text ? 0 : count);
  }

  void add_part(size_t from, size_t count) {
    const auto& broken = found_.rows.broken;
    auto next = std::ranges::lower_bound(broken, from, {}, &RowsFound::Broken::row);
    for (const size_t end = from + count; from < end;) {
      const size_t stop = next == broken.end() ? end : std::min<size_t>(end, next->row);
      for (size_t row = from; row < stop; ++row) row_of_.push_back(static_cast<uint32_t>(row));
      grid_.add(found_.rows, from, stop - from);
      from = stop;
      if (from == end) break;
      row_of_.push_back(static_cast<uint32_t>(from));
      grid_.add_empty();
      bad(grid_.rows() - 1, next->why == BrokenQuote::kUnclosed ? ": a quote is opened and never closed"
                                                                : ": there is text behind the closing quote of a cell");
      ++next;
      ++from;
    }
  }

  void flush() {
    for (const CellGrid::Ragged& row : grid_.ragged())
      bad(row.row, " has " + std::to_string(row.cells) + (row.cells == 1 ? " cell, " : " cells, ") +
                       std::to_string(rows_.reading_.schema.size()) + " are expected");
    const std::function<std::string_view(uint32_t)> unescaped = [this](uint32_t begin) { return unescaped_at(begin); };
    for (size_t i = 0; i < rows_.columns_.size() && grid_.rows() > 0; ++i) {
      const ColumnSpec& column = rows_.reading_.schema.columns()[rows_.columns_[i]];
      const std::function<void(size_t, std::string_view)> fault = [&](size_t row, std::string_view cell) {
        if (!is_bad(row))
          bad(row, ", column '" + column.name + "': " + shortened(cell) + " is no " + expected_of(column));
      };
      gaps_[i] = read_column({.reading = rows_.reading_,
                              .grid = grid_,
                              .column = rows_.columns_[i],
                              .at = done_,
                              .out = out_.columns[i],
                              .unescaped = unescaped,
                              .fault = fault}) ||
                 gaps_[i];
    }
    done_ += grid_.rows();
    grid_.clear();
    row_of_.clear();
    is_bad_.clear();
  }

  std::string_view unescaped_at(uint32_t begin) const {
    const auto at = std::ranges::lower_bound(found_.rows.escaped, begin, {}, &RowsFound::Escaped::begin);
    PENSTOCK_CHECK(at != found_.rows.escaped.end() && at->begin == begin);
    const auto i = static_cast<size_t>(at - found_.rows.escaped.begin());
    const uint32_t from = i == 0 ? 0 : found_.ends[i - 1];
    return std::string_view(found_.unescaped).substr(from, found_.ends[i] - from);
  }

  bool is_bad(size_t row) const { return row < is_bad_.size() && is_bad_[row]; }

  void bad(size_t row, const std::string& why) {
    is_bad_.resize(std::max(is_bad_.size(), row + 1), false);
    is_bad_[row] = true;
    out_.bad.push_back({done_ + row, lines_.text(row_of_[row]) + why});
  }

  const CsvRows& rows_;
  const Found& found_;
  TableBlock& out_;
  Lines lines_;
  CellGrid grid_;
  const size_t room_;  ///< rows of the grid, at most
  size_t done_ = 0;    ///< rows of `out` that are filled
  std::vector<uint32_t> row_of_;
  std::vector<bool> is_bad_;  ///< of the grid
  std::vector<bool> gaps_;    ///< of each column
};

void CsvRows::decode(size_t from, size_t count, TableBlock& out) const {
  PENSTOCK_CHECK(from + count <= place_.count);
  Decoder decoder(*this, count, out);
  decoder.add(from, count);
  decoder.finish();
}

void CsvRows::decode(std::span<const uint32_t> rows, TableBlock& out) const {
  Decoder decoder(*this, rows.size(), out);
  for (size_t i = 0; i < rows.size();) {
    PENSTOCK_CHECK(rows[i] < place_.count);
    size_t run = 1;
    while (i + run < rows.size() && rows[i + run] == rows[i] + run) ++run;
    PENSTOCK_CHECK(rows[i] + run <= place_.count);
    decoder.add(rows[i], run);
    i += run;
  }
  decoder.finish();
}

}  // namespace penstock::io
