// The data of a recipe with [table]: paths become rows that a job can read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file/file_system.h"
#include "pipelines/job/job.h"
#include "pipelines/job/progress.h"
#include "pipelines/recipe/recipe.h"
#include "stages/table/encoded_table.h"

namespace penstock {

/// What opening a table may use: it reads all of it once to fit, and with [prepare] once or twice more. The cores and budgets are given back before it returns.
struct TableWorld {
  unsigned threads = 0;              ///< 0: Cores::available()
  ProgressSink* progress = nullptr;  ///< null: none
  io::FileSystem* fs = nullptr;      ///< null: the machine's
  std::string cache_folder = {};     ///< prepared tables and what was fitted; "": the user's (io::FolderManifest)
};

/// The training's two data sets, as open_job_data() says; the validation part is split off the prepared table by [data] val, or comes from --val, prepared and encoded with
/// what was fitted to the training part. Errors as io::open_columns, table::Preparation and table::fit.
JobData open_table_data(const DataPaths& paths, const pipelines::Recipe& recipe, const TableWorld& world = {});

/// What a model is tried on.
enum class TablePart {
  kAll,
  kVal,  ///< the part that [data] val keeps aside, where it does; else all
};
/// Rows to evaluate (`needs_target`) or to predict, encoded with what was fitted when the model was trained. Rows to predict pass no `where` of [prepare], so that each has its
/// row in the result; group steps of [prepare] see `history` before them ("": nothing), the table that the model was trained on.
std::shared_ptr<const io::Dataset> open_table_rows(const std::string& data, const pipelines::Recipe& recipe,
                                                   std::shared_ptr<const table::Fitted> fitted, TablePart part,
                                                   bool needs_target, const std::string& history,
                                                   const TableWorld& world = {});

}  // namespace penstock
