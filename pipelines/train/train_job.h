// The job `train`: a recipe and data become a run directory with a trained network; or a run goes on where it stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/base/clock.h"
#include "engine/telemetry/trace.h"
#include "io/data/dataset.h"
#include "io/file/file_system.h"
#include "pipelines/job/progress.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/train/position.h"
#include "pipelines/train/run_directory.h"
#include "pipelines/train/trainer.h"

namespace penstock::train {

struct TrainOptions {
  pipelines::Recipe recipe;  ///< as loaded; stages are resolved here
  std::string run;           ///< the RUN folder
  Resume resume = Resume::kNever;
  unsigned threads = 1;           ///< cores the run may use, and torch threads unless the recipe says
  double time_limit_seconds = 0;  ///< 0: none
  std::stop_token stop = {};
  ProgressSink* progress = nullptr;  ///< null: none
  Trace* trace = nullptr;
  Clock* clock = nullptr;        ///< null: the machine's
  io::FileSystem* fs = nullptr;  ///< null: the machine's
  /// Processes that train together, each on its share of every batch; null: this one alone. All give the same recipe and data; RUN is
  /// the root's, the others write nothing.
  ProcessGroup* processes = nullptr;
  std::string fitted = {};  ///< of tables: what RUN/fitted.txt is to hold
};

struct TrainResult {
  TrainEnd end = TrainEnd::kFinished;
  uint64_t epochs = 0;  ///< whole ones
  uint64_t steps = 0;
  Totals totals;
  EpochMetrics last;                        ///< of the last whole epoch, where epochs > 0
  std::optional<Task> rows = std::nullopt;  ///< what was learnt of them; none: pictures
  double best = -1;                         ///< of what EpochMetrics::score() says
  uint64_t best_epoch = 0;
  bool has_val = false;
  std::string weights_xxh3;  ///< of the weights that evaluation uses, 16 hex digits
  std::optional<uint64_t> resumed_from_step;
  std::string run;
  std::string model;            ///< the network's name: "resnet18", "tabular"
  uint64_t model_bytes = 0;     ///< of its weights, as a model file holds them
  uint64_t peak_rss_bytes = 0;  ///< of the process that needed the most, over all resumes
  std::string device;
  double device_utilisation = 0;
  std::string step_graph;  ///< on a GPU: how many steps were replayed, or why none; else ""

  /// The keys of INTERFACE.md and more, one JSON object.
  std::string to_json() const;
  /// For people, some lines: what came of it, and how to go on where it was stopped.
  std::string text() const;
};

/// Trains until the last epoch, the stop or the time limit. What is wrong with recipe, data, device or RUN is said before anything
/// is written. On going on:
///   - the newest whole checkpoint counts; a damaged one is named to `progress` and the one before is used;
///   - a recipe that differs in what decides bytes, and other data, are refused by name (Error kUsage);
///   - logs are cut back to the checkpoint, so that no step stands there twice.
/// Called on the lane's thread, which is the caller's.
TrainResult train(TrainOptions options, const io::Dataset& data, const io::Dataset* val);

}  // namespace penstock::train
