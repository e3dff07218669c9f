#include "io/table/csv/csv_sniff.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "io/table/csv/cell_values.h"
#include "io/table/csv/column_guess.h"
#include "io/table/csv/csv_head.h"
#include "io/table/csv/missing_words.h"
#include "io/table/csv/row_scan.h"

namespace penstock::io {
namespace {

constexpr size_t kRowsLookedAt = 500;
using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(const std::string& padded, size_t bytes, const CsvDialect& dialect, bool whole) {
  RowsFound found;
  find_rows(std::string_view(padded).substr(0, bytes), dialect, whole, found);
  Rows out;
  for (size_t r = 0; r < std::min(found.size(), kRowsLookedAt); ++r) {
    const std::string_view row = std::string_view(padded).substr(found.begin[r], found.end[r] - found.begin[r]);
    const bool broken = std::ranges::find(found.broken, r, &RowsFound::Broken::row) != found.broken.end();
    out.push_back(broken ? std::vector<std::string>() : cells_of(row, dialect));
  }
  return out;
}

// The number of cells that most rows have, and the share of the rows that have it.
std::pair<size_t, double> usual_cells(const Rows& rows) {
  std::map<size_t, size_t> count;
  for (const auto& row : rows) ++count[row.size()];
  size_t cells = 0, most = 0;
  for (const auto& [width, times] : count) {
    if (times < most || width == 0) continue;
    cells = width;
    most = times;
  }
  return {cells, rows.empty() ? 0.0 : static_cast<double>(most) / static_cast<double>(rows.size())};
}

// Cells that a quote begins: how many, and how many of them it ends too.
std::pair<size_t, size_t> quoted_cells(const Rows& rows, char quote) {
  size_t begun = 0, ended = 0;
  for (const auto& row : rows)
    for (const std::string& cell : row) {
      if (cell.size() < 2 || cell.front() != quote) continue;
      ++begun;
      ended += cell.back() == quote ? 1 : 0;
    }
  return {begun, ended};
}

bool has_blanks(const Rows& rows) {
  size_t cells = 0, blanks = 0;
  for (const auto& row : rows)
    for (size_t c = 1; c < row.size(); ++c) {
      if (row[c].empty()) continue;
      ++cells;
      blanks += row[c].front() == ' ' ? 1 : 0;
    }
  return cells > 0 && blanks * 100 >= cells * 95;
}

bool has_header(const Rows& rows, size_t cells, const MissingWords& missing) {
  if (rows.empty() || rows[0].size() != cells) return true;
  size_t yes = 0, no = 0;
  bool again = false, all_named = true;
  std::set<std::string> distinct(rows[0].begin(), rows[0].end());
  for (size_t c = 0; c < cells; ++c) {
    const std::string& first = rows[0][c];
    ColumnGuess below, top;
    for (size_t r = 1; r < rows.size(); ++r) {
      if (rows[r].size() != cells || missing.contains(rows[r][c])) continue;
      below.add(rows[r][c]);
      again |= rows[r][c] == first;
    }
    if (missing.contains(first)) {
      all_named = false;
      continue;
    }
    top.add(first);
    if (below.is_text() && below.seen() > 0) continue;
    if (below.seen() == 0 && !top.is_text()) ++no;  // a number is no name
    if (below.seen() > 0) ++(top.is_text() ? yes : no);
  }
  const bool nameable = distinct.size() == cells && all_named;
  if (yes > 0) return no == 0 || (nameable && yes >= no);
  return no == 0 && nameable && !again;
}

}  // namespace

CsvDialect sniff_csv(std::string_view text, bool whole) {
  std::string padded(text);
  padded.append(ChunkMasks::kPadding, '\n');
  CsvDialect best;
  Rows rows;
  double best_score = -1;
  for (const char delimiter : {',', '\t', ';', '|'}) {
    CsvDialect dialect;
    dialect.delimiter = delimiter;
    // A quote may stand behind blanks, which the dialect has to know before it is seen.
    for (const bool space : {false, true}) {
      dialect.space = space;
      Rows found = rows_of(padded, text.size(), dialect, whole);
      const auto [cells, share] = usual_cells(found);
      const double score = (cells > 1 ? 1 : 0) + share;
      if (space ? score <= best_score + 0.05 || best.delimiter != delimiter
                : score <= best_score + (cells > 1 ? 0.0 : 1e-9))
        continue;
      best_score = score;
      best = dialect;
      rows = std::move(found);
    }
  }
  const auto [singles, singles_ended] = quoted_cells(rows, '\'');
  if (quoted_cells(rows, '"').first == 0 && singles > 0) {
    CsvDialect other = best;
    other.quote = '\'';
    Rows found = rows_of(padded, text.size(), other, whole);
    const double was = usual_cells(rows).second, is = usual_cells(found).second;
    if (is > was || (is == was && singles == singles_ended && text.find('"') == std::string_view::npos)) {
      best = other;
      rows = std::move(found);
    }
  }
  if (!best.space && has_blanks(rows)) {
    best.space = true;
    rows = rows_of(padded, text.size(), best, whole);
  }
  best.header = has_header(rows, usual_cells(rows).first, MissingWords(best.missing)) ? CsvDialect::Header::kYes
                                                                                      : CsvDialect::Header::kNo;
  return best;
}

std::vector<std::string> column_names(const std::vector<std::string>& first_row, CsvDialect::Header header) {
  std::vector<std::string> out;
  for (size_t c = 0; c < first_row.size(); ++c) {
    const std::string_view name = trimmed(first_row[c]);
    out.push_back(header == CsvDialect::Header::kYes && !name.empty() ? std::string(name)
                                                                      : "c" + std::to_string(c + 1));
  }
  return out;
}

}  // namespace penstock::io
