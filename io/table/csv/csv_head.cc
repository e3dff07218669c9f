#include "io/table/csv/csv_head.h"

#include <algorithm>

#include "engine/base/error.h"
#include "io/table/csv/row_scan.h"

namespace penstock::io {
namespace {

constexpr uint64_t kFirstLook = uint64_t{64} << 10;
constexpr std::string_view kMark = "\xEF\xBB\xBF";

// Behind `lines` lines, quotes or not.
size_t skip_lines(std::string_view text, uint64_t lines) {
  size_t at = 0;
  for (; lines > 0 && at < text.size(); --lines) {
    at = std::min(text.find_first_of("\r\n", at), text.size() - 1);
    at += text.substr(at).starts_with("\r\n") ? 2 : 1;
  }
  return at;
}

}  // namespace

CsvBeginning read_csv_beginning(const File& file, uint64_t most) {
  const uint64_t size = file.size();
  CsvBeginning out;
  out.text.resize(std::min(most, size));
  out.text.resize(file.read_at(0, std::as_writable_bytes(std::span(out.text))));
  out.whole = out.text.size() == size;
  if (out.text.starts_with("\xFF\xFE") || out.text.starts_with("\xFE\xFF"))
    throw Error(Code::kData, "'" + file.path() + "' is UTF-16, and tables are read as UTF-8")
        .hint("convert it: iconv -f UTF-16 -t UTF-8");
  if (out.text.starts_with(kMark)) {
    out.mark = kMark.size();
    out.text.erase(0, kMark.size());
  }
  if (out.whole && out.text.find_first_not_of("\r\n") == std::string::npos)
    throw Error(Code::kData, "'" + file.path() + "' is empty")
        .hint("a table needs at least a line that names its columns");
  return out;
}

CsvHead read_csv_head(const File& file, const CsvDialect& dialect) {
  for (uint64_t most = kFirstLook;; most *= 8) {
    CsvBeginning begin = read_csv_beginning(file, most);
    const std::string_view text = begin.text;
    const size_t skipped = skip_lines(text, dialect.skip);
    const size_t bytes = text.size() - skipped;
    std::string padded(text.substr(skipped));
    padded.append(ChunkMasks::kPadding, '\n');
    RowsFound rows;
    const size_t consumed = find_rows(std::string_view(padded).substr(0, bytes), dialect, begin.whole, rows);
    const bool open = rows.size() == 0 && !begin.whole;
    if (open && most <= 2 * CsvDialect::kMostRowBytes) continue;
    if (open || (rows.size() > 0 && rows.end[0] - rows.begin[0] > CsvDialect::kMostRowBytes))
      throw Error(Code::kData, "the first row of '" + file.path() + "' does not end").hint("is it a table in text?");
    CsvHead out;
    out.offset = begin.mark + skipped;
    out.line = 1 + dialect.skip;
    if (rows.size() == 0) return out;
    out.cells = cells_of(std::string_view(padded).substr(rows.begin[0], rows.end[0] - rows.begin[0]), dialect);
    if (dialect.header == CsvDialect::Header::kNo) return out;
    size_t next = rows.size() > 1 ? rows.begin[1] : consumed;
    out.offset += next;
    padded.resize(next);
    padded.append(ChunkMasks::kPadding, '\n');
    out.line += count_lines(std::string_view(padded).substr(0, next));
    return out;
  }
}

std::vector<std::string> cells_of(std::string_view row, const CsvDialect& dialect) {
  std::vector<std::string> out;
  for (size_t at = 0;; ++at) {
    if (dialect.space)
      while (at < row.size() && row[at] == ' ') ++at;
    std::string cell;
    if (dialect.quote != 0 && at < row.size() && row[at] == dialect.quote) {
      for (++at; at < row.size(); ++at) {
        if (row[at] == dialect.quote && !(at + 1 < row.size() && row[at + 1] == dialect.quote)) break;
        if (row[at] == dialect.quote) ++at;
        cell += row[at];
      }
      ++at;
    }
    for (; at < row.size() && row[at] != dialect.delimiter; ++at) cell += row[at];
    out.push_back(std::move(cell));
    if (at >= row.size()) return out;
  }
}

}  // namespace penstock::io
