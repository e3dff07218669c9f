// A walk over the epochs of a recipe, phase by phase.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/run/run.h"
#include "io/data/dataset.h"
#include "pipelines/recipe/recipe.h"

namespace penstock {

/// A place in a run: a step of an epoch, or a step counted from the beginning.
struct StepName {
  std::optional<uint64_t> epoch;
  uint64_t step = 0;
  /// "STEP" or "EPOCH:STEP". Error kUsage for anything else.
  static StepName parse(std::string_view text);
};

/// A stretch of epochs in which recipe, graph and batch stay the same.
struct Segment {
  pipelines::Recipe recipe;  ///< with the phases applied
  uint64_t epoch = 0;        ///< first
  uint64_t step = 0;         ///< of it
  uint64_t epochs = 1;       ///< the first one counted though begun in its middle
};

/// The epoch and step of `name`: steps are counted over phases with batches of different sizes. `records` of the data set.
/// Error kUsage where the epoch has no such step.
std::pair<uint64_t, uint64_t> locate_step(const pipelines::Recipe& recipe, Mode mode, uint64_t records,
                                          const StepName& name);

/// `epochs` epochs from (epoch, step) on, cut where a phase ends.
std::vector<Segment> segments_of(const pipelines::Recipe& recipe, uint64_t epoch, uint64_t step, uint64_t epochs);

/// Steps of an epoch of this recipe.
uint64_t steps_per_epoch(const pipelines::Recipe& at_epoch, Mode mode, uint64_t records);

}  // namespace penstock
