// A training as the loop sees it: bound graphs and numbers, no recipe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/run/run.h"
#include "pipelines/train/lanes.h"

namespace penstock::train {

/// What holds from the phase before until `until_epoch`.
struct TrainPhase {
  uint64_t until_epoch = 0;
  Graph train;
  Graph eval;            ///< of the validation data; unused without
  RunOptions train_run;  ///< seed, order, batch, faults, cores, budgets; where it begins is the trainer's
  RunOptions eval_run;
  uint64_t steps_per_epoch = 0;
  /// Where pictures stay on the devices (`lanes.held` of the plan): how steps make theirs.
  std::shared_ptr<const device::FeedView> feed = nullptr;
};

/// When to write a checkpoint: whichever comes first; 0: not by that. One comes at the end in any case.
struct CheckpointEvery {
  double seconds = 600;
  uint64_t steps = 0;
  uint64_t epochs = 0;
  size_t keep = 3;
};

struct TrainPlan {
  LanesOptions lanes;
  uint64_t epochs = 1;
  uint64_t eval_every = 1;         ///< epochs; the last one is always evaluated
  std::vector<TrainPhase> phases;  ///< the last one reaches `epochs`
  CheckpointEvery checkpoint;
  std::string note;  ///< what a user should know; "": nothing

  /// What is learnt of rows; none: the network takes pictures.
  std::optional<Task> rows() const {
    return nets::is_table_net(lanes.learner.net.arch) ? std::optional(lanes.learner.task) : std::nullopt;
  }
  const TrainPhase& phase_of(uint64_t epoch) const {
    for (const TrainPhase& phase : phases)
      if (epoch < phase.until_epoch) return phase;
    return phases.back();
  }
  /// Steps of the first `epochs` epochs.
  uint64_t steps_until(uint64_t epochs) const {
    uint64_t steps = 0;
    for (uint64_t epoch = 0; epoch < epochs; ++epoch) steps += phase_of(epoch).steps_per_epoch;
    return steps;
  }
  /// Records that the steps of the first `epochs` epochs take (a short last batch counted as a whole one).
  uint64_t records_until(uint64_t epochs) const {
    uint64_t records = 0;
    for (uint64_t epoch = 0; epoch < epochs; ++epoch)
      records += phase_of(epoch).steps_per_epoch * phase_of(epoch).train_run.batch;
    return records;
  }
};

}  // namespace penstock::train
