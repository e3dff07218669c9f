// The job `train` of a recipe with [trees]: rows become a run directory with boosted trees or a forest; or a run goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/telemetry/trace.h"
#include "io/data/dataset.h"
#include "io/file/file_system.h"
#include "models/metrics/task_sums.h"
#include "pipelines/job/progress.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/train/run_directory.h"

namespace penstock::trees {

struct TreesOptions {
  pipelines::Recipe recipe;  ///< as loaded, with [trees]
  std::string run;           ///< the RUN folder
  train::Resume resume = train::Resume::kNever;
  unsigned threads = 1;           ///< cores the run may use; XGBoost's, too, unless lanes.threads says
  double time_limit_seconds = 0;  ///< 0: none
  std::stop_token stop = {};
  ProgressSink* progress = nullptr;  ///< null: none
  Trace* trace = nullptr;
  Clock* clock = nullptr;        ///< null: the machine's
  io::FileSystem* fs = nullptr;  ///< null: the machine's
  std::string fitted = {};       ///< what RUN/fitted.txt is to hold
};

enum class TreesEnd {
  kFinished,  ///< all rounds
  kEarly,     ///< nothing got better any more
  kStopped,
  kTimeUp,
};

struct TreesResult {
  TreesEnd end = TreesEnd::kFinished;
  bool is_forest = false;
  uint64_t rounds = 0;
  uint64_t best_round = 0;  ///< from 1: the model is the rounds up to it
  uint64_t records = 0;     ///< rows that were learnt from
  uint64_t rejected = 0;
  uint64_t passes = 0;  ///< over the training data, of this call
  double seconds = 0;
  double bins_seconds = 0;  ///< rows read and cut into bins, over all resumes
  double grow_seconds = 0;
  double data_wait_seconds = 0;
  std::optional<double> train_loss;  ///< of the best round
  std::vector<metrics::Figure> val;  ///< of the model, on the validation data
  uint64_t model_bytes = 0;
  uint64_t peak_rss_bytes = 0;  ///< of the process that needed the most, over all starts that ended by themselves
  std::string weights_xxh3;     ///< of the model, 16 hex digits
  std::optional<uint64_t> resumed_from_round;
  std::string memory;  ///< "ram" or "disk": where rows lay
  std::string run;
  std::string device;

  /// Rows a second while trees grow: each round looks at all.
  double records_per_second() const;
  /// One JSON object: the keys of a network's training where they mean something, `val_...` for each score, and rounds, best_round, importances.
  std::string to_json() const;
  std::string text() const;
};

/// Grows until the last round, the best one, the stop or the time limit. RUN is as a network's: recipe.toml, run.json, metrics.jsonl (a line a round),
/// quarantine.jsonl, checkpoints/ (the state after a round, and best.ckpt: the model, the rounds up to the best one), report.json, and importances.csv and .svg.
/// Errors and going on as train(): other data and other recipes are refused by name; the trees are those of a run that was never stopped, bit for bit, with the same threads.
/// A stop while rows are still read ends with Error kCancelled, and nothing is kept of a new run.
TreesResult train_trees(TreesOptions options, const io::Dataset& data, const io::Dataset* val);

}  // namespace penstock::trees
