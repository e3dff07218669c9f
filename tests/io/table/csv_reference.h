// The grammar of CsvDialect read one character after the other, as the page says it: the oracle of the fast one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/table/csv/csv_dialect.h"

namespace penstock::io::test {

struct ReferenceRow {
  size_t begin = 0, end = 0;
  bool broken = false;
  std::vector<std::string> cells;  ///< of a row that is not broken
};

inline std::vector<ReferenceRow> reference_rows(std::string_view text, const CsvDialect& d) {
  const auto is_line = [&](size_t i) { return i >= text.size() || text[i] == '\n' || text[i] == '\r'; };
  std::vector<ReferenceRow> out;
  for (size_t at = 0; at < text.size();) {
    if (is_line(at)) {
      ++at;
      continue;
    }
    ReferenceRow row{.begin = at};
    for (bool more = true; more;) {
      std::string cell;
      size_t from = at;
      if (d.space && d.delimiter != ' ')
        while (from < text.size() && text[from] == ' ') ++from;
      if (d.quote != 0 && from < text.size() && text[from] == d.quote) {
        size_t i = from + 1;
        for (; i < text.size() && i - row.begin <= CsvDialect::kMostRowBytes; ++i) {
          if (text[i] != d.quote) {
            cell += text[i];
          } else if (i + 1 < text.size() && text[i + 1] == d.quote) {
            cell += text[i++];
          } else {
            break;
          }
        }
        if (i >= text.size() || i - row.begin > CsvDialect::kMostRowBytes) {  // never closed: the line it begins in
          for (at = row.begin; !is_line(at);) ++at;
          row.broken = true;
          break;
        }
        at = i + 1;
        if (!is_line(at) && text[at] != d.delimiter) row.broken = true;
        while (!is_line(at) && text[at] != d.delimiter) ++at;
      } else {
        while (!is_line(at) && text[at] != d.delimiter) ++at;
        cell = text.substr(from, std::max(at, from) - from);
        at = std::max(at, from);
      }
      row.cells.push_back(cell);
      more = at < text.size() && text[at] == d.delimiter;
      if (more) ++at;
    }
    row.end = at;
    out.push_back(row);
  }
  return out;
}

}  // namespace penstock::io::test
