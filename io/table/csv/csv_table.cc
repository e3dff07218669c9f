#include "io/table/csv/csv_table.h"

#include <algorithm>
#include <optional>

#include "engine/base/error.h"
#include "io/data/folder_manifest.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/table/csv/column_guess.h"
#include "io/table/csv/unpacked_text.h"

namespace penstock::io {
namespace {

constexpr uint64_t kMostSchemaBytes = uint64_t{64} << 20;

// What a schema file says that is named or lies beside the data.
std::optional<CsvForm> given_form(FileSystem& fs, const std::string& path, bool must) {
  if (!must && !fs.exists(path)) return std::nullopt;
  if (!fs.exists(path)) throw Error(Code::kUsage, "there is no schema file '" + path + "'").hint("check the path");
  return csv_form_of(read_file(fs, path, kMostSchemaBytes), path);
}

// Types that whoever opens the table knows better than a look at it does. What was noted of such a column while looking is not so any more.
void settle(const TableOptions& options, CsvForm& form, std::vector<std::string>& notes) {
  std::vector<ColumnSpec> columns = form.schema.columns();
  options.settle(columns);
  PENSTOCK_CHECK(columns.size() == form.schema.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    const ColumnSpec& found = form.schema.columns()[c];
    PENSTOCK_CHECK(columns[c].name == found.name);
    if (columns[c] != found)
      std::erase_if(notes, [&](const std::string& note) { return ColumnGuess::is_note_of(found.name, note); });
  }
  form.schema = TableSchema(std::move(columns));
}

}  // namespace

std::string csv_schema_path(const std::vector<std::string>& files) { return files.at(0) + ".schema"; }

std::unique_ptr<CsvTable> CsvTable::open(FileSystem& fs, const std::string& where,
                                         const std::vector<std::string>& files, const TableOptions& options) {
  const std::string cache =
      options.cache_folder == "\n" ? FolderManifest::default_cache_folder() : options.cache_folder;
  CsvFiles named{.where = where, .given = files, .texts = files};
  for (std::string& text : named.texts)
    if (is_packed_text(text)) text = unpacked_place(fs, text, cache);
  const std::string schema_path = options.schema.empty() ? csv_schema_path(files) : options.schema;
  const std::optional<CsvForm> given = given_form(fs, schema_path, !options.schema.empty());
  CsvIndex index = open_csv_index(fs, named, given ? &*given : nullptr, options, cache);
  if (given) check_fits(*given, index.names, schema_path, files[0]);
  CsvForm form = given ? *given : index.form;
  if (!given && options.settle) settle(options, form, index.notes);
  return std::unique_ptr<CsvTable>(new CsvTable(fs, std::move(named), std::move(index), std::move(form)));
}

CsvTable::CsvTable(FileSystem& fs, CsvFiles files, CsvIndex index, CsvForm form)
    : fs_(fs), files_(std::move(files)), index_(std::move(index)), reading_(form.dialect, form.schema) {
  begins_.push_back(0);
  for (const CsvPiece& piece : index_.pieces) {
    begins_.push_back(begins_.back() + piece.rows);
    max_piece_bytes_ = std::max(max_piece_bytes_,
                                CsvRows::bytes_of(piece.bytes + ChunkMasks::kPadding, piece.rows, piece.escaped_bytes));
  }
  for (const std::string& path : files_.given) bytes_ += fs_.stat(path).bytes;
  fingerprint_ = Checksum().add("csv 1").add(index_.fingerprint).add(csv_form_text(form)).value();
}

uint64_t CsvTable::state() const {
  Checksum sum;
  sum.add(csv_form_text(form()));
  const auto add = [&](const std::string& path) {
    FileStat stat;
    const int error = fs_.sys_stat(path.c_str(), &stat);
    sum.add(error < 0 ? 0 : 1)
        .add(stat.bytes)
        .add(static_cast<uint64_t>(stat.mtime_ns))
        .add(static_cast<uint64_t>(stat.ctime_ns))
        .add(stat.inode);
  };
  for (size_t i = 0; i < files_.given.size(); ++i) {
    add(files_.given[i]);
    if (files_.texts[i] != files_.given[i]) add(files_.texts[i]);
  }
  return sum.value();
}

uint64_t CsvTable::resident_bytes() const {
  uint64_t out = sizeof *this + index_.pieces.size() * (sizeof(CsvPiece) + sizeof(uint64_t));
  for (const std::string& path : files_.given) out += 2 * (path.size() + sizeof path);
  return out + reading_.schema.size() * (sizeof(ColumnSpec) + 64);
}

uint64_t CsvTable::piece_of(uint64_t row) const {
  PENSTOCK_CHECK(row < rows());
  return static_cast<uint64_t>(std::ranges::upper_bound(begins_, row) - begins_.begin()) - 1;
}

uint64_t CsvTable::max_piece_bytes(std::span<const size_t>) const { return max_piece_bytes_; }

std::shared_ptr<const CsvRows> CsvTable::rows_of(uint64_t p, std::span<const size_t> columns) const {
  PENSTOCK_CHECK(p < pieces());
  const CsvPiece& piece = index_.pieces[p];
  return std::make_shared<CsvRows>(reading_, read_csv_piece(fs_, files_, piece),
                                   CsvRows::Place{.file = &files_.given[piece.file],
                                                  .line = piece.line,
                                                  .first = begins_[p],
                                                  .count = piece.rows,
                                                  .escaped_bytes = piece.escaped_bytes},
                                   columns);
}

std::shared_ptr<const RawRows> CsvTable::fetch(uint64_t piece, std::span<const size_t> columns) const {
  return rows_of(piece, columns);
}

Location CsvTable::locate(uint64_t row) const {
  const uint64_t p = piece_of(row);
  const CsvPiece& piece = index_.pieces[p];
  const auto [begin, end] = rows_of(p, {})->span_of(row - begins_[p]);
  return {.file = files_.texts[piece.file], .offset = piece.offset + begin, .length = end - begin};
}

}  // namespace penstock::io
