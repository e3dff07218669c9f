#include "io/table/csv/csv_index.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/index/made_index.h"
#include "io/table/csv/csv_rows.h"

namespace penstock::io {
namespace {

using nlohmann::json;

// Of a record index, what it keeps as the format's own.
std::string note_of(const CsvIndex& index) {
  return json{{"form", csv_form_text(index.form)},
              {"names", index.names},
              {"looked", index.looked},
              {"sample_rows", index.sample_rows},
              {"notes", index.notes}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

bool read_note(const std::string& text, CsvIndex& out) {
  const json note = json::parse(text, nullptr, false);
  if (note.is_discarded()) return false;
  try {
    out.form = csv_form_of(note.at("form").get<std::string>(), "index");
    out.names = note.at("names").get<std::vector<std::string>>();
    out.looked = note.at("looked").get<bool>();
    out.sample_rows = note.at("sample_rows").get<uint64_t>();
    out.notes = note.at("notes").get<std::vector<std::string>>();
  } catch (const std::exception&) { return false; }
  return true;
}

// A piece's numbers that a record index has no place for are its name: "rows line escaped".
std::string name_of_piece(const CsvPiece& piece) {
  return std::to_string(piece.rows) + " " + std::to_string(piece.line) + " " + std::to_string(piece.escaped_bytes);
}

bool read_name(const std::string& name, CsvPiece& piece) {
  const char *at = name.data(), *const end = at + name.size();
  for (uint64_t* value : {&piece.rows, &piece.line, &piece.escaped_bytes}) {
    while (at != end && *at == ' ') ++at;
    const auto [next, error] = std::from_chars(at, end, *value);
    if (error != std::errc()) return false;
    at = next;
  }
  return at == end;
}

// Texts first, as pieces count them; then what they were unpacked from. Relative where they lie in the folder of the first one.
std::vector<std::string> files_of(const CsvFiles& files) {
  std::vector<std::string> out = files.texts;
  for (size_t i = 0; i < files.given.size(); ++i)
    if (files.given[i] != files.texts[i]) out.push_back(files.given[i]);
  const std::string base = parent_of(files.given[0]);
  for (std::string& path : out)
    if (parent_of(path) == base) path = base_name(path);
  return out;
}

void write_index(FileSystem& fs, const std::string& place, const CsvFiles& files, const CsvIndex& index) {
  RecordIndexHead head{.format = "csv", .fingerprint = index.fingerprint, .note = note_of(index)};
  const std::string base = parent_of(files.given[0]);
  for (const std::string& path : files_of(files)) {
    const FileStat stat = fs.stat(path.find('/') == std::string::npos ? join_path(base, path) : path);
    head.files.push_back({.path = path, .bytes = stat.bytes, .mtime_ns = stat.mtime_ns});
  }
  RecordIndexWriter writer(fs, place);
  for (const CsvPiece& piece : index.pieces)
    writer.add({.offset = piece.offset,
                .length_and_flags = RecordRow::pack(piece.bytes, RecordRow::kHasChecksum),
                .checksum = piece.checksum,
                .file = piece.file},
               name_of_piece(piece));
  writer.finish(std::move(head));
}

bool is_current(FileSystem& fs, const RecordIndex& index, const CsvFiles& files, const CsvForm* form,
                const TableOptions& options) {
  CsvIndex kept;
  if (index.head().format != "csv" || !read_note(index.head().note, kept)) return false;
  std::vector<std::string> paths;
  for (const IndexedFile& file : index.head().files) paths.push_back(file.path);
  if (paths != files_of(files) || !index.is_current(fs, parent_of(files.given[0]))) return false;
  return form != nullptr ? form->dialect == kept.form.dialect : kept.looked && kept.sample_rows == options.sample_rows;
}

CsvIndex read_index(const RecordIndex& index, const std::string& path) {
  CsvIndex out;
  out.fingerprint = index.head().fingerprint;
  bool good = read_note(index.head().note, out);
  for (uint64_t p = 0; p < index.head().records && good; ++p) {
    const RecordRow row = index.row(p);
    CsvPiece piece{.file = row.file, .offset = row.offset, .bytes = row.length(), .checksum = row.checksum};
    good = read_name(index.name(p), piece);
    out.pieces.push_back(piece);
  }
  if (!good)
    throw Error(Code::kIo, "the index of '" + path + "' cannot be read").hint("remove '" + path + ".penstock-index'");
  return out;
}

}  // namespace

CsvIndex open_csv_index(FileSystem& fs, const CsvFiles& files, const CsvForm* form, const TableOptions& options,
                        const std::string& cache_folder) {
  const std::string& first = files.given[0];
  // A pattern and its first file alone are two tables, and neither takes the other's index away.
  std::string name = first;
  if (files.given.size() > 1) {
    Checksum names;
    for (const std::string& path : files.given) names.add(base_name(path)).add("/");
    name += "." + hex(names.value()).substr(0, 8);
  }
  const auto index = find_or_make_index(
      fs, files.where, index_places(name, name + ".penstock-index", cache_folder),
      [&](const RecordIndex& found) { return is_current(fs, found, files, form, options); },
      [&](const std::string& place) { write_index(fs, place, files, make_csv_index(fs, files, form, options)); });
  return read_index(*index, first);
}

}  // namespace penstock::io
