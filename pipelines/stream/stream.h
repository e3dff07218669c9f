// The data side of a recipe into nothing: what could it feed?
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/run/run.h"
#include "io/data/dataset.h"
#include "pipelines/job/progress.h"
#include "pipelines/stream/accelerator.h"
#include "pipelines/stream/passage.h"
#include "pipelines/stream/tiers.h"

namespace penstock {

struct StreamOptions {
  Mode view = Mode::kTrain;
  StepName from = {};
  uint64_t epochs = 1;                            ///< from there on, the one begun in counted
  uint64_t steps = UINT64_MAX;                    ///< or fewer
  std::optional<AcceleratorOptions> accelerator;  ///< feed simulated lanes
  std::string digest_file = {};                   ///< a line a batch (see digest.h); appears when the stream is done
  std::string timeline_file =
      {};  ///< SVG of each tier's rate over time (see timeline.h), also of a stream that was stopped
  std::string timeline_title = {};  ///< above it
  std::shared_ptr<Cores> cores;
  std::shared_ptr<Budgets> budgets;
  Trace* trace = nullptr;
};

struct StreamResult {
  bool stopped = false;  ///< on request: figures are of the part until then
  Report report;         ///< over all phases
  std::optional<double>
      accelerator_utilisation;     ///< share of the time the lanes computed, in [0, 1]; the mean over them
  std::vector<double> lane_busy;   ///< of each lane, while batches came: from the first one on
  std::optional<StepModel> model;  ///< what the lanes' options say
  double cpu_seconds = 0;          ///< of the process, user and system, while it streamed
  uint64_t peak_rss_bytes = 0;     ///< of the process, since it began
  std::vector<TierUse> tiers;
  std::vector<Rejection> rejections;  ///< the first 100
  std::vector<std::string> notes;     ///< how the disks were read, tiers that were left out
};

/// Runs the recipe's graph over `data`, phase by phase, and takes each batch. Blocks. Throws what the Run throws.
StreamResult stream(const pipelines::Recipe& recipe, const io::Dataset& data, const StreamOptions& options,
                    ProgressSink& progress, std::stop_token stop = {});

/// Adds `part`, which came after, to `sum`: stages by name. Not batch_wait, which cannot be added afterwards.
void add_report(Report& sum, const Report& part);

}  // namespace penstock
