#include "pipelines/table/model_rows.h"

#include "engine/base/error.h"
#include "io/file/file.h"
#include "pipelines/train/run_directory.h"

namespace penstock {

std::shared_ptr<const table::Fitted> fitted_of_model(io::FileSystem& fs, const std::string& model) {
  const std::string run = fs.is_folder(model) ? model : io::parent_of(io::parent_of(model));
  const std::string path = train::RunPaths(run).fitted();
  if (!fs.exists(path))
    throw Error(Code::kUsage, "'" + path + "' is missing, and without what was fitted no row can be encoded for '" + model + "'")
        .hint("keep it beside checkpoints/ when a checkpoint is moved");
  return std::make_shared<const table::Fitted>(table::read_fitted(path, fs));
}

std::shared_ptr<const io::Dataset> open_model_rows(const std::string& model, const std::string& data,
                                                   const pipelines::Recipe& recipe, TablePart part, bool needs_target,
                                                   const std::string& history, const TableWorld& world) {
  io::FileSystem& fs = world.fs != nullptr ? *world.fs : io::FileSystem::real();
  return open_table_rows(data, recipe, fitted_of_model(fs, model), part, needs_target, history, world);
}

}  // namespace penstock
