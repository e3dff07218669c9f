// The rows that a trained model of tables is tried on.
#pragma once

#include <memory>
#include <string>

#include "pipelines/table/table_data.h"

namespace penstock {

/// What was fitted when `model` was trained: of a run directory or one of its checkpoints, RUN/fitted.txt. Throws Error kUsage where it is not there, kData where it is damaged.
std::shared_ptr<const table::Fitted> fitted_of_model(io::FileSystem& fs, const std::string& model);

/// open_table_rows() with that.
std::shared_ptr<const io::Dataset> open_model_rows(const std::string& model, const std::string& data,
                                                   const pipelines::Recipe& recipe, TablePart part, bool needs_target,
                                                   const std::string& history, const TableWorld& world);

}  // namespace penstock
