#include "pipelines/table/fitted_store.h"

#include <optional>

#include "engine/base/error.h"
#include "engine/graph/params.h"
#include "io/data/folder_manifest.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/file/file.h"
#include "stages/table/fitter.h"

namespace penstock {
namespace {

// Beside what was fitted, under the same name: a warning a line, the checksum of all before it as the last.
std::string notes_beside(const std::string& place) { return place + ".warnings"; }

std::string text_of(const std::vector<std::string>& warnings) {
  std::string text;
  for (const std::string& warning : warnings) {
    for (const char c : warning) text += c == '\n' ? ' ' : c;
    text += '\n';
  }
  return text + io::hex(io::checksum(text)) + '\n';
}

// Nothing where the file is missing or damaged.
std::optional<std::vector<std::string>> warnings_in(io::FileSystem& fs, const std::string& path) {
  if (!fs.exists(path)) return std::nullopt;
  const std::string text = io::read_file(fs, path);
  std::vector<std::string> lines;
  size_t at = 0;
  for (size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  if (lines.empty()) return std::nullopt;
  const std::string sum = std::move(lines.back());
  lines.pop_back();
  if (at != text.size() || sum != io::hex(io::checksum(text.substr(0, at - sum.size() - 1)))) return std::nullopt;
  return lines;
}

}  // namespace

FittedStore::FittedStore(io::FileSystem& fs, std::string folder)
    : fs_(fs), folder_(folder.empty() ? io::FolderManifest::default_cache_folder() : std::move(folder)) {}

std::string FittedStore::place_of(const io::Table& table, const table::RowSet& rows,
                                  const table::TableSpec& spec) const {
  io::Checksum sum;
  sum.add(uint64_t{table::Fitted::kVersion}).add(table.fingerprint()).add(rows.digest());
  sum.add(canonical_text(to_map<table::TableSpec>(spec))).add(table.schema().text());
  return io::join_path(folder_, "fitted-" + io::hex(sum.value()) + ".txt");
}

FittedStore::Found FittedStore::find_or_fit(const io::Table& table, const table::RowSet& rows,
                                            const table::TableSpec& spec, Cores& cores, Budgets& budgets,
                                            ProgressSink& progress) const {
  const std::string place = folder_.empty() ? "" : place_of(table, rows, spec);
  if (!place.empty() && fs_.exists(place)) {
    try {
      // Without its warnings it is made anew: a leak that is known is said at every start.
      if (auto warnings = warnings_in(fs_, notes_beside(place)))
        return {std::make_shared<const table::Fitted>(table::read_fitted(place, fs_)), std::move(*warnings)};
    } catch (const Error& error) {
      if (error.code() != Code::kData) throw;  // damaged, or of another version: made anew
    }
  }
  progress.begin("fitting", rows.size(), "rows");
  table::FitResult result = table::fit(table, rows, spec, cores, budgets,
                                       {.progress = [&](uint64_t done, uint64_t) { progress.update(done); }});
  progress.end();
  if (!place.empty()) {
    try {
      fs_.make_folders(folder_);
      io::write_file(fs_, notes_beside(place), text_of(result.warnings));
      table::write_fitted(result.fitted, place, fs_);
    } catch (const Error& error) {
      if (error.code() != Code::kIo) throw;
      progress.say("note: what was fitted could not be kept for the next start: " + error.message());
    }
  }
  return {std::make_shared<const table::Fitted>(std::move(result.fitted)), std::move(result.warnings)};
}

}  // namespace penstock
