// MODEL on a command line: a run directory, a checkpoint, a TorchScript file, or an AOTInductor package.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "io/data/dataset.h"
#include "io/file/file_system.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/train/lanes.h"
#include "stages/learn/learner.h"

namespace penstock::train {

struct Model {
  std::string path;                  ///< the file that was read
  learn::LearnerConfig config;       ///< net and input; threads and precision are the recipe's
  std::vector<std::byte> state;      ///< safetensors; empty for a user's module
  std::vector<std::string> classes;  ///< names of the logits; empty where nobody knows them
  pipelines::Recipe recipe;          ///< with its last phase in force: which stages prepare the data
  uint64_t steps = 0;                ///< that it was trained for; 0: not known
  std::vector<std::string>
      notes;  ///< damaged checkpoints that were passed over, and the like; who uses the model says them
};

struct ModelOptions {
  std::string recipe = {};            ///< --recipe: needed for a user's module, else instead of the stored one
  std::vector<std::string> set = {};  ///< --set
  unsigned threads = 1;
};

/// Reads `path`: of a run directory the best checkpoint (the newest where there is no best one yet, or it is
/// damaged; `notes` says so). Throws Error kUsage where it is none of the four, kData where it is damaged.
Model open_model(io::FileSystem& fs, const std::string& path, const ModelOptions& options);

/// Of its weights and of how it prepares data, 16 hex digits: equal where two processes have read the same model.
std::string model_digest(const Model& model);

/// The part of a data set that a model is tried on: val/ where there is one beside train/, else all. Labels are the model's: classes
/// are matched by name.
std::shared_ptr<const io::Dataset> open_for_model(const Model& model, const std::string& data,
                                                  const std::string& labels);

/// The recipe's lanes with the weights in them. Where nobody said how many classes there are, `classes` are.
std::unique_ptr<Lanes> make_lanes(const Model& model, int64_t classes, const Together& together, Clock& clock);

}  // namespace penstock::train
