// What differs between two recipes, and whether a run may go on with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipelines/recipe/recipe.h"

namespace penstock::pipelines {

/// One key that is not the same.
struct Change {
  std::string key;     ///< "train.lr", "stage.crop.size"
  std::string before;  ///< TOML text; "" where the key was not there
  std::string after;
  bool operator==(const Change&) const = default;
};

/// All changed keys, sorted. Stages are told apart by id and `when`; another order of stages is the key "stage".
std::vector<Change> differences(const Recipe& before, const Recipe& after);

/// For people, a line a key, or that they are the same.
std::string differences_text(const Recipe& before, const Recipe& after);

/// True for keys that decide no byte of the steps already done: devices and threads of the lanes, budgets of memory and
/// disk, the budget of faults, checkpoints, how often to evaluate, and the number of epochs.
/// The list stands in pipelines/recipe/README.md.
bool may_change_on_resume(const std::string& key);

/// Those of the differences that a run which stands in `epoch` may not take over. Phases may change where they leave
/// all epochs up to and including `epoch` as they were.
std::vector<Change> refused_on_resume(const Recipe& before, const Recipe& after, uint64_t epoch);

/// Throws Error kUsage that names every refused key with both values; `run` is the run directory, for the message.
void require_resumable(const Recipe& before, const Recipe& after, uint64_t epoch, const std::string& run);

}  // namespace penstock::pipelines
