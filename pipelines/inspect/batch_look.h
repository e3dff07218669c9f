// What one step of a run is made of: the first question after a loss spike.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/run/run.h"
#include "io/data/dataset.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/stream/passage.h"

namespace penstock {

struct LookedAtRecord {
  uint64_t position = 0;  ///< in the epoch
  uint64_t id = 0;        ///< in the data set on disk
  std::string name;
  int64_t label = -1;
  std::string class_name;  ///< "" where there is none
};

/// The random words that a stage got for one record, as far as a stage usually reads.
struct LookedAtDraws {
  std::string stage;
  uint32_t key = 0;
  std::vector<std::vector<double>> uniforms;  ///< (N, 4): the first four numbers in [0, 1) of each record's stream
};

struct BatchLook {
  uint64_t epoch = 0;
  uint64_t step = 0;
  std::vector<LookedAtRecord> records;
  std::vector<LookedAtDraws> draws;   ///< one for each stage that draws
  std::vector<Rejection> rejections;  ///< ids of the data set on disk
  std::string schema;                 ///< a line a field
  std::string digest;                 ///< the line that `stream --digest` writes
};

/// Makes that one batch, as a run would that came by (replacements included), and nothing before it. Error kUsage
/// for a step past the recipe's last epoch. `with`: called with the batch and what is known of it, while the batch lives.
BatchLook look_at_batch(const pipelines::Recipe& recipe, const io::Dataset& data, Mode mode, const StepName& step,
                        std::shared_ptr<Cores> cores,
                        const std::function<void(const Batch&, const BatchLook&)>& with = {});

}  // namespace penstock
