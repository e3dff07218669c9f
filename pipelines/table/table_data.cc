#include "pipelines/table/table_data.h"

#include <optional>

#include "engine/base/error.h"
#include "io/data/folder_manifest.h"
#include "io/file/file.h"
#include "io/table/marked_table.h"
#include "io/table/named_table.h"
#include "io/table/table.h"
#include "pipelines/table/fitted_store.h"
#include "pipelines/table/known_columns.h"
#include "stages/table/prepare/prepare.h"
#include "stages/table/split.h"

namespace penstock {
namespace {

using pipelines::Recipe;

/// Opens and prepares tables for one job.
class Opener {
 public:
  Opener(const Recipe& recipe, const TableWorld& world)
      : recipe_(recipe),
        fs_(world.fs != nullptr ? *world.fs : io::FileSystem::real()),
        progress_(world.progress != nullptr ? *world.progress : none_),
        cores_(world.threads != 0 ? world.threads : Cores::available()),
        budgets_(choose_memory(recipe.budget).limits),
        cache_(world.cache_folder.empty() ? io::FolderManifest::default_cache_folder() : world.cache_folder) {}

  /// The columns that a model reads: rows behind a history must have them.
  void need(const table::Fitted& fitted) {
    for (const io::ColumnSpec& column : fitted.source) needed_.push_back(column.name);
  }
  /// Of the columns of tables that are opened from now on.
  void know(KnownColumns columns) { known_ = std::move(columns); }

  /// As it lies on disk. One without a header may lack the target where that is not needed.
  std::shared_ptr<const io::Table> open(const std::string& data, bool needs_target) {
    const std::string path = table_in(data);
    progress_.begin("looking at " + io::base_name(path), 0, "bytes");
    io::TableOptions options = table_options(needs_target);
    options.progress = [this](uint64_t done, uint64_t) { progress_.update(done); };
    std::shared_ptr<const io::Table> table = io::open_columns(path, options, fs_);
    progress_.end();
    for (const std::string& note : table->notes()) progress_.say("note: " + note);
    if (table->rows() == 0)
      throw Error(Code::kData, "'" + path + "' names its columns and has no rows")
          .hint("was it cut short, or written by a query that found nothing? penstock info " + path +
                " says what there is");
    const std::vector<std::string> names = header(table->schema().size(), needs_target);
    return names.empty() ? table : io::with_names(std::move(table), names);
  }

  /// What [prepare] makes of it. `data` is where it lies; `filter`: rows that `where` refuses are left out; `history` (with its place): what came before, or null.
  std::shared_ptr<const io::Table> prepare(std::shared_ptr<const io::Table> table, const std::string& data, bool filter,
                                           std::shared_ptr<const io::Table> history = nullptr,
                                           const std::string& history_data = "") {
    if (!prepares()) return table;
    if (cache_.empty())
      throw Error(Code::kUsage, "there is no folder for prepared tables: neither HOME nor XDG_CACHE_HOME is set")
          .hint("set XDG_CACHE_HOME to a folder with room for the table");
    table::PrepareOptions options{.target = recipe_.table->target,
                                  .history = history.get(),
                                  .filter = filter,
                                  .needed = needed_,
                                  .open = [this](const std::string& small) { return io::open_columns(small, {}, fs_); },
                                  .folders = {folder_of(data), io::parent_of(recipe_.name)},
                                  .scratch_folder = cache_,
                                  .cores = &cores_,
                                  .fs = &fs_,
                                  .progress = {}};
    if (history) options.folders.push_back(folder_of(history_data));
    progress_.begin("preparing", 0, "rows");
    options.progress = [this](uint64_t done, uint64_t) { progress_.update(done); };
    fs_.make_folders(cache_);
    table::Prepared prepared = table::prepare_into(
        cache_, *recipe_.prepare, *table, std::move(options),
        [this](const std::string& to, const io::TableSchema& schema, const io::ColumnsWriterOptions& how) {
          return io::write_columns(to, schema, how, fs_);
        });
    progress_.end();
    for (const std::string& line : prepared.report) progress_.say("note: " + line);
    return io::with_bad_rows(io::open_columns(prepared.path, {}, fs_), std::move(prepared.bad));
  }
  bool prepares() const { return recipe_.prepare && !recipe_.prepare->empty(); }

  std::shared_ptr<const table::Fitted> fitted(const io::Table& table, const table::RowSet& rows) {
    table::TableSpec spec = *recipe_.table;
    if (recipe_.trees && spec.task == Task::kRegression && !spec.target_scale)
      spec.target_scale = table::TargetScale::kNone;  // gamma and alpha of trees are in the target's units
    FittedStore::Found found = FittedStore(fs_, cache_).find_or_fit(table, rows, spec, cores_, budgets_, progress_);
    for (const std::string& warning : found.warnings) progress_.say("warning: " + warning);
    return std::move(found.fitted);
  }

 private:
  /// A folder with many tables in it: [prepare] table says which.
  std::string table_in(const std::string& data) const {
    return !recipe_.prepare || recipe_.prepare->table.empty() || !fs_.exists(data) || !fs_.is_folder(data)
               ? data
               : io::join_path(data, recipe_.prepare->table);
  }
  /// table.header, less the target where a file of so many columns has none.
  std::vector<std::string> header(size_t columns, bool needs_target) const {
    std::vector<std::string> names = recipe_.table->header;
    if (!needs_target && columns + 1 == names.size()) std::erase(names, recipe_.table->target);
    return names;
  }
  io::TableOptions table_options(bool needs_target) const {
    io::TableOptions options;
    if (!known_.empty())
      options.settle = [this, needs_target](std::vector<io::ColumnSpec>& found) {
        known_.settle(header(found.size(), needs_target), found);
      };
    return options;
  }
  std::string folder_of(const std::string& data) const {
    return fs_.exists(data) && fs_.is_folder(data) ? data : io::parent_of(data);
  }

  NoProgress none_;
  const Recipe& recipe_;
  io::FileSystem& fs_;
  ProgressSink& progress_;
  Cores cores_;
  Budgets budgets_;
  std::string cache_;
  KnownColumns known_;
  std::vector<std::string> needed_;
};

table::RowSplit split_of(const io::Table& table, const std::string& data, const Recipe& recipe) {
  try {
    return table::split_rows(table, recipe.data.val->of_rows(), recipe.seed);
  } catch (Error& error) { throw error.add("setting rows of '" + data + "' aside"); }
}

std::optional<uint64_t> window_of(const Recipe& recipe) {
  if (!recipe.budget.window) return std::nullopt;
  return recipe.budget.window->bytes;
}

std::shared_ptr<const io::Dataset> encoded(std::shared_ptr<const io::Table> table, table::RowSet rows,
                                           std::shared_ptr<const table::Fitted> fitted, table::EncodedOptions options) {
  return std::make_shared<const table::EncodedTable>(std::move(table), std::move(rows), std::move(fitted), options);
}

}  // namespace

JobData open_table_data(const DataPaths& paths, const Recipe& recipe, const TableWorld& world) {
  Opener opener(recipe, world);
  const std::shared_ptr<const io::Table> raw = opener.open(paths.data, true);
  const std::shared_ptr<const io::Table> table = opener.prepare(raw, paths.data, true);
  table::RowSet train = table::RowSet::all(table->rows());
  std::optional<table::RowSet> val;
  JobData data;
  if (paths.val.empty() && recipe.data.val) {
    table::RowSplit split = split_of(*table, paths.data, recipe);
    train = std::move(split.train);
    val = std::move(split.val);
    data.val_from = "kept aside by data.val";
  }
  data.fitted = opener.fitted(*table, train);
  data.train = encoded(table, std::move(train), data.fitted, {.training = true, .window_bytes = window_of(recipe)});
  if (val) data.val = encoded(table, std::move(*val), data.fitted, {.window_bytes = window_of(recipe)});
  if (!paths.val.empty()) {
    opener.know(opener.prepares() ? KnownColumns::of(raw->schema()) : KnownColumns::of(*data.fitted, false));
    const std::shared_ptr<const io::Table> other = opener.prepare(opener.open(paths.val, true), paths.val, true);
    data.val = encoded(other, table::RowSet::all(other->rows()), data.fitted, {.window_bytes = window_of(recipe)});
    data.val_from = paths.val;
  }
  return data;
}

std::shared_ptr<const io::Dataset> open_table_rows(const std::string& data, const Recipe& recipe,
                                                   std::shared_ptr<const table::Fitted> fitted, TablePart part,
                                                   bool needs_target, const std::string& history,
                                                   const TableWorld& world) {
  Opener opener(recipe, world);
  opener.know(KnownColumns::of(*fitted, opener.prepares()));
  opener.need(*fitted);
  std::shared_ptr<const io::Table> before;
  if (!history.empty() && opener.prepares()) {
    before = opener.open(history, true);
    opener.know(KnownColumns::of(before->schema()));  // steps go over both: of one type
  }
  const std::shared_ptr<const io::Table> table =
      opener.prepare(opener.open(data, needs_target), data, /*filter=*/needs_target, before, history);
  table::RowSet rows = table::RowSet::all(table->rows());
  if (part == TablePart::kVal && recipe.data.val) rows = split_of(*table, data, recipe).val;
  return encoded(table, std::move(rows), std::move(fitted),
                 {.needs_target = needs_target, .window_bytes = window_of(recipe)});
}

}  // namespace penstock
