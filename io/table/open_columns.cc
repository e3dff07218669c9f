// A path becomes a table, by looking.
#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/table/arrow/arrow_table.h"
#include "io/table/arrow/parquet_table.h"
#include "io/table/chained_table.h"
#include "io/table/csv/csv_table.h"
#include "io/table/hdf5/hdf5_table.h"
#include "io/table/table.h"
#include "io/tar/tar_dataset.h"

namespace penstock::io {
namespace {

using Files = std::vector<std::string>;
using Open = std::unique_ptr<Table> (*)(FileSystem& fs, const std::string& where, const Files& files,
                                        const TableOptions& options);

std::unique_ptr<Table> open_csv(FileSystem& fs, const std::string& where, const Files& files,
                                const TableOptions& options) {
  return CsvTable::open(fs, where, files, options);
}

// Files that are each a table of their own, one behind the other.
template <std::unique_ptr<Table> (*open_file)(const std::string&, FileSystem&)>
std::unique_ptr<Table> open_each(FileSystem& fs, const std::string& where, const Files& files, const TableOptions&) {
  std::vector<std::unique_ptr<Table>> tables;
  for (const std::string& file : files) tables.push_back(open_file(file, fs));
  return chain(std::move(tables), where);
}

/// A format of tables: its word in "kind:path", the endings it is known by, and who opens files of it.
struct Format {
  std::string_view kind;
  std::vector<std::string_view> endings;
  Open open;
};

// One entry for each format.
const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
      {"csv", {".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst"}, open_csv},
      {"parquet", {".parquet", ".parq"}, open_each<open_parquet>},
      {"arrow", {".arrow", ".feather"}, open_each<open_arrow>},
      {"table-hdf5", {}, open_each<open_hdf5_table>},  // by its word alone: .h5 is what pictures lie in
  };
  return all;
}

const Format* format_of_ending(const std::string& path) {
  for (const Format& format : formats())
    for (const std::string_view ending : format.endings)
      if (path.ends_with(ending)) return &format;
  return nullptr;
}

struct Place {
  const Format* format = nullptr;  ///< null: not said
  std::string path;
};

Place take_apart(const std::string& where) {
  for (const Format& format : formats()) {
    const std::string prefix = std::string(format.kind) + ":";
    if (where.starts_with(prefix)) return {&format, where.substr(prefix.size())};
  }
  return {nullptr, where};
}

// What Penstock and people keep beside the data.
bool lies_beside(const std::string& name) {
  return name.front() == '.' || name.ends_with(".penstock-index") || name.ends_with(".schema") ||
         name.ends_with(".lock");
}

// The files of a folder that holds nothing but tables, sorted; none where it holds anything else.
Files files_in(FileSystem& fs, const std::string& folder) {
  Files out;
  for (const FolderEntry& entry : fs.list(folder)) {
    if (lies_beside(entry.name)) continue;
    if (entry.kind != FileKind::kFile || format_of_ending(entry.name) == nullptr) return {};
    out.push_back(join_path(folder, entry.name));
  }
  std::ranges::sort(out);
  return out;
}

Error no_table(const std::string& path, const std::string& found) {
  std::string endings, kinds;
  for (const Format& format : formats()) {
    kinds += (kinds.empty() ? "" : ", ") + std::string(format.kind) + ":";
    for (const std::string_view ending : format.endings) endings += (endings.empty() ? "" : ", ") + std::string(ending);
  }
  return Error(Code::kUsage, "'" + path + "' is no table: " + found)
      .hint("understood are files that end in " + endings +
            ", a quoted pattern of those and a folder of them; or say which it is: " + kinds + path);
}

Files files_of(FileSystem& fs, const Place& place) {
  if (is_pattern(place.path)) {
    Files out = shards_of(fs, place.path);
    if (!fs.exists(place.path))  // "data/*" names what lies beside them too
      std::erase_if(out, [](const std::string& path) { return lies_beside(base_name(path)); });
    return out;
  }
  // "table-hdf5:FILE:INSIDE"
  const size_t colon = place.path.rfind(':');
  const bool may_name_parts = place.format != nullptr && place.format->endings.empty() && colon != std::string::npos;
  if (may_name_parts && !fs.exists(place.path) && fs.exists(place.path.substr(0, colon))) return {place.path};
  if (!fs.exists(place.path)) throw Error(Code::kUsage, "there is no '" + place.path + "'").hint("check the path");
  if (!fs.is_folder(place.path)) return {place.path};
  return files_in(fs, place.path);
}

// The one format of all files; nothing where there is none, or several.
const Format* common_format(const Files& files) {
  const Format* out = files.empty() ? nullptr : format_of_ending(files[0]);
  for (const std::string& file : files)
    if (format_of_ending(file) != out) return nullptr;
  return out;
}

}  // namespace

bool is_table(const std::string& where, FileSystem& fs) {
  const Place place = take_apart(where);
  if (place.format != nullptr) return true;
  try {
    return common_format(files_of(fs, place)) != nullptr;
  } catch (const Error&) { return format_of_ending(place.path) != nullptr; }  // it says what is wrong when it is opened
}

std::unique_ptr<Table> open_columns(const std::string& where, const TableOptions& options, FileSystem& fs) {
  const Place place = take_apart(where);
  const Files files = files_of(fs, place);
  if (files.empty()) throw no_table(place.path, "the folder holds no files of tables, or others beside them");
  const Format* format = place.format != nullptr ? place.format : common_format(files);
  if (format == nullptr)
    throw no_table(place.path,
                   files.size() == 1 ? "its ending says nothing" : "its files are of several formats, or of none");
  return format->open(fs, place.path, files, options);
}

std::string write_csv_schema(const std::string& where, const TableOptions& options, FileSystem& fs) {
  const std::unique_ptr<Table> table = open_columns(where, options, fs);
  const auto* csv = dynamic_cast<const CsvTable*>(table.get());
  if (csv == nullptr)
    throw Error(Code::kUsage, "'" + where + "' is " + std::string(table->format()) + ", which keeps its types itself")
        .hint("only text files have a schema file");
  const std::string path = csv_schema_path(files_of(fs, take_apart(where)));
  write_file(fs, path, csv_form_text(csv->form()));
  return path;
}

}  // namespace penstock::io
