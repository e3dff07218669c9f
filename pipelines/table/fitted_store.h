// What was fitted to a table, found again or made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/memory/budget.h"
#include "engine/run/cores.h"
#include "io/file/file_system.h"
#include "io/table/table.h"
#include "pipelines/job/progress.h"
#include "stages/table/fitted.h"
#include "stages/table/row_set.h"
#include "stages/table/spec.h"

namespace penstock {

/// Kept in a folder under the digest of what it was made of: the table's fingerprint, the training rows and [table]. A file that is damaged or of another
/// version is made anew. Not thread-safe; processes may share a folder (files appear whole).
class FittedStore {
 public:
  /// `folder`: "" for the cache folder of the user (io::FolderManifest).
  explicit FittedStore(io::FileSystem& fs, std::string folder = "");

  struct Found {
    std::shared_ptr<const table::Fitted> fitted;
    std::vector<std::string> warnings;  ///< kept beside it: the same at every start
  };
  /// One pass over the training rows unless it is there. Throws what table::fit() throws. A folder that cannot be written costs the next start a pass, and
  /// nothing else.
  Found find_or_fit(const io::Table& table, const table::RowSet& rows, const table::TableSpec& spec, Cores& cores,
                    Budgets& budgets, ProgressSink& progress) const;

 private:
  std::string place_of(const io::Table& table, const table::RowSet& rows, const table::TableSpec& spec) const;

  io::FileSystem& fs_;
  std::string folder_;
};

}  // namespace penstock
