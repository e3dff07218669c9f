// A table on its way from what lies on disk to what is encoded: joins, dates, events, statistics of the past, a filter.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/run/cores.h"
#include "io/table/table.h"
#include "stages/table/prepare/step.h"

namespace penstock::table {

/// Part of the digest of what was prepared: goes up when equal specs and rows give another result.
inline constexpr uint64_t kPrepareVersion = 2;

struct PrepareOptions {
  /// The column to predict: nothing may look at its future, and rows to predict need not have it. "": none.
  std::string target;
  /// The table known before, for rows to predict: its rows come first, for group steps alone, and are not in the result. Null: none.
  const io::Table* history = nullptr;
  /// False: `where` is left out, so that every row is in the result (rows to predict).
  bool filter = true;
  /// A column made of the number of the row in the table; "": none.
  std::string row_column;
  /// Columns that the table must have itself, beside those that steps read, where there is a history.
  std::vector<std::string> needed;
  /// Opens the small tables of joins, by path.
  std::function<std::unique_ptr<io::Table>(const std::string& path)> open;
  /// Folders in which they are looked for: that of the data, that of the recipe.
  std::vector<std::string> folders;
  /// Where sorted runs go while group steps do not fit into memory; removed at the end.
  std::string scratch_folder;
  uint64_t join_bytes = 256_MiB;  ///< all joined tables together
  uint64_t sort_bytes = 256_MiB;  ///< all sorters together
  uint64_t block_rows = 16384;    ///< worked on at once by one thread
  Cores* cores = nullptr;         ///< null: the calling thread
  io::FileSystem* fs = &io::FileSystem::real();
  std::function<void(uint64_t, uint64_t)> progress = {};  ///< rows done and rows in all, over all passes; may be empty
};

/// What came of it.
struct PrepareReport {
  uint64_t rows_in = 0, rows_out = 0;
  std::vector<io::BadRow> bad;          ///< rows of the result that hold none: the table's could not be read
  std::vector<uint64_t> where_dropped;  ///< for each comparison of `where`: rows that fail it and none before it
  std::vector<StepCounts> steps;
  std::vector<std::string> notes;  ///< of joined tables
  uint64_t spilled_bytes = 0;      ///< that sorting wrote to disk
  unsigned passes = 0;             ///< over the rows
  /// Lines for people; those of where nothing happened are left out.
  std::vector<std::string> lines(const PrepareSpec& spec) const;
};

/// A spec bound to a table (and to the history): which columns come out, then the rows. The tables must outlive it. One thread, which uses options.cores.
///
/// Columns that the table lacks but the history has are missing in the table's rows: the target, and what no step reads and options.needed does not name. A row that cannot be read keeps its place. A table without `target` is fine where no history is given and no step needs it.
class Preparation {
 public:
  /// Loads what is joined. Throws Error kUsage where columns are missing, come twice or have other types, and what joins throw.
  Preparation(const PrepareSpec& spec, const io::Table& table, PrepareOptions options);
  ~Preparation();

  /// The columns of the result.
  const io::TableSchema& schema() const;
  /// Of all that the result depends on: rows of the tables, spec, options and kPrepareVersion; not threads, memory or block_rows.
  uint64_t fingerprint() const;
  /// Passes over the rows, as often as group steps build on one another; gives the result to `take` in the order of the rows, in blocks that are good until take
  /// returns. Once.
  PrepareReport run(const std::function<void(const io::TableBlock&)>& take);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Prepares into a packed table, or finds it made before: FOLDER/prepared-<fingerprint>.arrow with its report and its bad rows beside it. `write` makes the
/// file (io::write_columns).
struct Prepared {
  std::string path;
  bool reused = false;
  std::vector<std::string> report;  ///< lines, those of the time it was made
  std::vector<io::BadRow> bad;      ///< rows of the table that hold none: for io::with_bad_rows()
};
using MakeWriter = std::function<std::unique_ptr<io::ColumnsWriter>(
    const std::string& path, const io::TableSchema& schema, const io::ColumnsWriterOptions& options)>;
Prepared prepare_into(const std::string& folder, const PrepareSpec& spec, const io::Table& table,
                      PrepareOptions options, const MakeWriter& write);

}  // namespace penstock::table
