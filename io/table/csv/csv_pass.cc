// The pass over text files that finds their pieces, and the look at a sample of them that finds their types.
#include <algorithm>
#include <numeric>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/table/csv/column_guess.h"
#include "io/table/csv/csv_head.h"
#include "io/table/csv/csv_index.h"
#include "io/table/csv/csv_rows.h"
#include "io/table/csv/csv_sniff.h"
#include "io/table/csv/row_scan.h"
#include "io/table/csv/unpacked_text.h"

namespace penstock::io {
namespace {

constexpr uint64_t kSniffed = uint64_t{1} << 20;
constexpr size_t kPlacesLookedAt = 64;  // pieces from which rows are taken beside those at the beginning

/// Cuts the rows of one file into pieces.
class PieceCutter {
 public:
  PieceCutter(const File& file, uint32_t number, const CsvHead& head, const CsvDialect& dialect, uint64_t piece_bytes)
      : file_(file),
        number_(number),
        dialect_(dialect),
        piece_bytes_(piece_bytes),
        at_(head.offset),
        line_(head.line),
        wanted_(piece_bytes) {}

  /// False at the end of the file.
  bool next(std::vector<CsvPiece>& pieces) {
    fill();
    if (held_ == 0) return false;
    const std::string_view text(buffer_.data(), std::min(held_, wanted_));
    uint64_t bytes = find_rows(text, dialect_, ended_ && held_ <= wanted_, rows_);
    for (size_t r = 0; text.size() > CsvDialect::kMostRowBytes && r < rows_.size(); ++r)
      if (rows_.end[r] - rows_.begin[r] > CsvDialect::kMostRowBytes) throw too_long();
    if (bytes == 0) {
      if (wanted_ > 2 * CsvDialect::kMostRowBytes) throw too_long();
      wanted_ *= 2;
      return true;
    }
    wanted_ = piece_bytes_;
    size_t rows = rows_.size();
    // More was looked at than a piece has, for a row that did not end.
    if (const auto cut = std::ranges::lower_bound(rows_.begin, piece_bytes_);
        text.size() > piece_bytes_ && cut != rows_.begin.end()) {
      rows = std::max<size_t>(1, static_cast<size_t>(cut - rows_.begin.begin()));
      if (rows < rows_.size()) bytes = rows_.begin[rows];
    }
    // What is no row, at the beginning, belongs to no piece.
    if (rows > 0) {
      const uint64_t blank = rows_.begin[0];
      pieces.push_back({.file = number_,
                        .offset = at_ + blank,
                        .bytes = bytes - blank,
                        .checksum = checksum(text.substr(blank, bytes - blank)),
                        .rows = rows,
                        .line = line_ + count_lines(text.substr(0, blank)),
                        .escaped_bytes = CsvRows::escaped_bytes(rows_, 0, rows)});
    }
    line_ += count_lines(text.substr(0, bytes));
    at_ += bytes;
    held_ -= bytes;
    std::copy_n(buffer_.data() + bytes, held_, buffer_.data());
    return true;
  }
  uint64_t offset() const { return at_; }

 private:
  // Until as much is held as is wanted, or the file ends.
  void fill() {
    if (ended_ || held_ >= wanted_) return;
    buffer_.resize(std::max<size_t>(buffer_.size(), wanted_ + ChunkMasks::kPadding));
    const size_t read =
        file_.read_at(at_ + held_, std::as_writable_bytes(std::span(buffer_).subspan(held_, wanted_ - held_)));
    held_ += read;
    ended_ = held_ < wanted_;
    std::fill_n(buffer_.data() + held_, ChunkMasks::kPadding, '\n');
  }

  Error too_long() const {
    return Error(Code::kData, "'" + file_.path() + "', line " + std::to_string(line_) +
                                  " or behind it: a row of more than " + bytes_text(CsvDialect::kMostRowBytes))
        .hint("is it a table in text?");
  }

  const File& file_;
  const uint32_t number_;
  const CsvDialect& dialect_;
  const uint64_t piece_bytes_;
  uint64_t at_;  ///< in the file, of what is held
  uint64_t line_;
  std::vector<char> buffer_;
  size_t held_ = 0;
  size_t wanted_;  ///< bytes to look at
  bool ended_ = false;
  RowsFound rows_;
};

uint64_t file_bytes(FileSystem& fs, const std::vector<std::string>& paths) {
  uint64_t out = 0;
  for (const std::string& path : paths) out += fs.stat(path).bytes;
  return out;
}

void unpack_copies(FileSystem& fs, const CsvFiles& files, const TableOptions& options,
                   std::vector<std::string>& notes) {
  uint64_t done = 0, written = 0, count = 0;
  const uint64_t all = file_bytes(fs, files.given);
  for (size_t i = 0; i < files.given.size(); ++i) {
    if (files.given[i] == files.texts[i]) continue;
    ++count;
    written += fs.exists(files.texts[i]) ? fs.stat(files.texts[i]).bytes
                                         : unpack_text(fs, files.given[i], files.texts[i], [&](uint64_t bytes) {
                                             if (options.progress) options.progress(done + bytes, all);
                                           });
    done += fs.stat(files.given[i]).bytes;
  }
  if (count > 0)
    notes.push_back("compressed text cannot be read at any place: " + bytes_text(written) + " were unpacked into '" +
                    parent_of(files.texts[0] != files.given[0] ? files.texts[0] : files.texts.back()) +
                    "'; to be rid of that, unpack the file or pack the table");
}

Error other_columns(const CsvFiles& files, size_t which, const std::string& what) {
  return Error(Code::kUsage, "'" + files.given[which] + "' has other columns than '" + files.given[0] + "': " + what)
      .hint("files of one table have the same columns in the same order");
}

// Columns of text with these names.
TableSchema texts_named(const CsvFiles& files, const std::vector<std::string>& names) {
  std::vector<ColumnSpec> columns;
  for (const std::string& name : names) columns.push_back({.name = name});
  try {
    return TableSchema(std::move(columns));
  } catch (const Error& error) {
    throw Error(error.code(), "in the header of '" + files.given[0] + "' " + error.message())
        .hint("rename one of them, or name all columns in '" + files.given[0] +
              ".schema' with 'header,ignored': io/table/csv/README.md");
  }
}

// Too many rows of another width: then the dialect is not what it was taken for.
void check_widths(const CsvFiles& files, size_t bad, size_t rows, const std::string& example) {
  if (bad * 2 <= rows) return;
  throw Error(Code::kUsage, "'" + files.given[0] + "' looks like no table: of " + std::to_string(rows) +
                                " rows looked at, " + std::to_string(bad) + " cannot be read; " + example)
      .hint("state delimiter, quote, header or lines to skip in '" + files.given[0] +
            ".schema': io/table/csv/README.md");
}

}  // namespace

CsvText read_csv_piece(FileSystem& fs, const CsvFiles& files, const CsvPiece& piece) {
  CsvText text(piece.bytes);
  const std::string& path = files.texts[piece.file];
  const File file(fs, path, OpenMode::kRead);
  const size_t read = file.read_at(piece.offset, std::as_writable_bytes(std::span(text.data(), piece.bytes)));
  if (read != piece.bytes || checksum(text.view()) != piece.checksum)
    throw Error(Code::kData,
                "'" + path + "' holds other bytes at " + std::to_string(piece.offset) + " than when its index was made")
        .hint("was it written to? Start again; if it was not, the disk is at fault");
  return text;
}

CsvIndex make_csv_index(FileSystem& fs, const CsvFiles& files, const CsvForm* form, const TableOptions& options,
                        uint64_t piece_bytes) {
  CsvIndex out;
  unpack_copies(fs, files, options, out.notes);
  if (form != nullptr) {
    out.form = *form;
  } else {
    const CsvBeginning begin = read_csv_beginning(File(fs, files.texts[0], OpenMode::kRead), kSniffed);
    out.form.dialect = sniff_csv(begin.text, begin.whole);
  }
  out.looked = form == nullptr;
  out.sample_rows = options.sample_rows;
  const CsvDialect& dialect = out.form.dialect;
  const uint64_t all = file_bytes(fs, files.texts);
  uint64_t done = 0;
  Checksum content;
  for (size_t i = 0; i < files.texts.size(); ++i) {
    const File file(fs, files.texts[i], OpenMode::kRead);
    const CsvHead head = read_csv_head(file, dialect);
    std::vector<std::string> names = column_names(head.cells, dialect.header);
    if (names.empty())
      throw Error(Code::kData, "'" + files.given[i] + "' has no rows, and none that names its columns");
    if (i == 0)
      out.names = std::move(names);
    else if (names.size() != out.names.size() && dialect.header != CsvDialect::Header::kYes)
      throw other_columns(files, i,
                          std::to_string(names.size()) + " of them and not " + std::to_string(out.names.size()));
    else if (names != out.names)
      throw other_columns(files, i, difference_of(out.names, names));
    PieceCutter cutter(file, static_cast<uint32_t>(i), head, dialect, piece_bytes);
    while (cutter.next(out.pieces))
      if (options.progress) options.progress(done + cutter.offset(), all);
    done += file.size();
  }
  for (const CsvPiece& piece : out.pieces) content.add(piece.checksum).add(piece.rows);
  out.fingerprint = content.value();
  if (form == nullptr) out.form.schema = guess_schema(fs, files, out, options.sample_rows, out.notes);
  return out;
}

TableSchema guess_schema(FileSystem& fs, const CsvFiles& files, const CsvIndex& index, uint64_t sample_rows,
                         std::vector<std::string>& notes) {
  const CsvReading reading(index.form.dialect, texts_named(files, index.names));
  std::vector<ColumnSpec> columns = reading.schema.columns();
  std::vector<size_t> wanted(columns.size());
  std::iota(wanted.begin(), wanted.end(), size_t{0});
  std::vector<ColumnGuess> guesses(columns.size());
  size_t bad = 0, rows_seen = 0;
  std::string example;
  TableBlock block;
  const auto look = [&](const CsvPiece& piece, size_t most, bool scattered) {
    const CsvRows rows(reading, read_csv_piece(fs, files, piece),
                       {.file = &files.given[piece.file], .line = piece.line, .count = piece.rows}, wanted);
    const size_t count = std::min<size_t>(most, piece.rows);
    if (scattered) {
      std::vector<uint32_t> some;
      for (size_t i = 0; i < count; ++i)
        some.push_back(static_cast<uint32_t>(count == 1 ? 0 : i * (piece.rows - 1) / (count - 1)));  // the last one too
      rows.decode(some, block);
    } else {
      rows.decode(0, count, block);
    }
    if (!block.bad.empty() && example.empty()) example = block.bad[0].reason;
    bad += block.bad.size();
    rows_seen += count;
    for (const BadRow& row : block.bad)
      for (ColumnBlock& column : block.columns) {
        column.missing.resize(block.rows);
        column.missing[row.row] = 1;
      }
    for (size_t c = 0; c < columns.size(); ++c)
      for (size_t r = 0; r < block.rows; ++r)
        if (!block.columns[c].is_missing(r)) guesses[c].add(block.columns[c].texts[r]);
    return count;
  };
  uint64_t rows = 0;
  for (const CsvPiece& piece : index.pieces) rows += piece.rows;
  const uint64_t front = rows <= sample_rows ? rows : (sample_rows + 1) / 2;
  size_t next = 0;
  for (uint64_t left = front; left > 0 && next < index.pieces.size(); ++next)
    left -= look(index.pieces[next], static_cast<size_t>(std::min<uint64_t>(left, SIZE_MAX)), false);
  if (front < rows) {
    const size_t first = next > 0 ? next - 1 : 0, rest = index.pieces.size() - first;
    const size_t places = std::min(kPlacesLookedAt, rest);
    for (size_t i = 0; i < places; ++i)  // the last piece among them
      look(index.pieces[first + (places == 1 ? 0 : i * (rest - 1) / (places - 1))],
           static_cast<size_t>((sample_rows - front) / places + 1), true);
  }
  check_widths(files, bad, rows_seen, example);
  for (size_t c = 0; c < columns.size(); ++c) {
    columns[c] = guesses[c].spec(columns[c].name);
    if (rows == 0) continue;
    if (std::string note = guesses[c].note(columns[c].name); !note.empty()) notes.push_back(std::move(note));
  }
  if (rows == 0) notes.push_back("'" + files.given[0] + "' names columns and has no rows: all are taken as text");
  return TableSchema(std::move(columns));
}

}  // namespace penstock::io
