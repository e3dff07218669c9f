// MODEL on a command line where it is trees: a run directory, or one of its checkpoints.
#pragma once

#include <string>
#include <vector>

#include "io/data/dataset.h"
#include "io/file/file_system.h"
#include "models/classic/trees/booster.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/train/model.h"

namespace penstock::trees {

struct TreesModel {
  std::string path;  ///< the file that was read
  classic::Booster booster;
  pipelines::Recipe recipe;
  std::string state_xxh3;          ///< of its bytes, 16 hex digits
  std::vector<std::string> notes;  ///< damaged checkpoints that were passed over; who uses the model says them
};

/// Whether `path` is a run or a checkpoint of trees; false for what does not exist.
bool is_trees_model(io::FileSystem& fs, const std::string& path);

/// Reads it: of a run the best checkpoint, else the newest. Throws Error kUsage where it is none, kData where it is damaged.
TreesModel open_trees_model(io::FileSystem& fs, const std::string& path, const train::ModelOptions& options);

/// Throws Error kUsage naming the columns that the model takes and the data does not have in their places.
void require_features(const TreesModel& model, const io::Dataset& data);

}  // namespace penstock::trees
