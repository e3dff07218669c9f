#include "pipelines/table/fitted_store.h"

#include "engine/base/error.h"
#include "engine/graph/params.h"
#include "io/data/folder_manifest.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "stages/table/fitter.h"

namespace penstock {

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
      return {std::make_shared<const table::Fitted>(table::read_fitted(place, fs_)), {}};
    } catch (const Error& error) {
      if (error.code() != Code::kData) throw;  // damaged, or of another version: made anew
    }
  }
  progress.begin("fitting", rows.size(), "rows");
  table::FitResult result =
      table::fit(table, rows, spec, cores, budgets,
                 {.progress = [&](uint64_t done, uint64_t) { progress.update(done); }});
  progress.end();
  if (!place.empty()) {
    try {
      fs_.make_folders(folder_);
      table::write_fitted(result.fitted, place, fs_);
    } catch (const Error& error) {
      if (error.code() != Code::kIo) throw;
      progress.say("note: what was fitted could not be kept for the next start: " + error.message());
    }
  }
  return {std::make_shared<const table::Fitted>(std::move(result.fitted)), std::move(result.warnings)};
}

}  // namespace penstock
