// Which records are trained on and which are kept for validation.
#pragma once

#include <memory>
#include <string>

#include "io/data/dataset.h"
#include "io/file/file_system.h"
#include "pipelines/recipe/recipe.h"

namespace penstock::train {

struct TrainingData {
  std::shared_ptr<const io::Dataset> train;
  std::shared_ptr<const io::Dataset> val;  ///< null: none
  std::string val_from;                    ///< for people: "'X/val'", "10 % of each class of 'X'"
};

/// Validation is `val` where that is given, else the val/ beside train/ in `data`, else the share that the recipe's data.val sets
/// aside, else none. Labels of the validation data are matched to the training's by class name. Throws as io::open.
TrainingData open_training_data(io::FileSystem& fs, const std::string& data, const std::string& val, const std::string& labels,
                                const pipelines::Recipe& recipe);

}  // namespace penstock::train
