// What a recipe will do to a data set, before anything is trained.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/run/run.h"
#include "pipelines/job/job.h"

namespace penstock {

struct CheckedStage {
  std::string id;
  std::string name;
  bool draws = false;
  std::vector<std::string> fields;  ///< after it
};

/// One view of the recipe, bound to its data.
struct CheckedView {
  uint64_t records = 0;
  uint64_t steps_per_epoch = 0;
  uint64_t batch = 0;
  std::vector<std::string> source_fields;
  std::vector<CheckedStage> stages;
  std::vector<std::string> batch_fields;
  uint64_t batch_bytes = 0;    ///< of one batch's memory
  uint64_t scratch_bytes = 0;  ///< of all threads' decoders and row buffers, at most
};

struct CheckResult {
  CheckedView train;
  std::optional<CheckedView> eval;  ///< where there is validation data
  std::string val_from;
  JobMemory memory;
  uint64_t index_bytes = 0;                     ///< of the data sets' own tables in memory
  uint64_t peak_budget_bytes = 0;               ///< what the sample took
  uint64_t epochs = 0;                          ///< of trees: the passes that cutting rows into bins takes
  uint64_t data_bytes = 0;                      ///< encoded, of the training part
  io::Storage::Prediction reading;              ///< of an epoch without tiers, by the models of the disks
  double disk_seconds = 0;                      ///< likewise: of the slowest disk
  double records_per_second = 0;                ///< of the data side, from a sample; 0: not measured
  double epoch_seconds = 0, total_seconds = 0;  ///< predicted, were the data the only limit
  std::vector<std::string> notes;
};

/// Binds every phase in both modes and makes the lane with its network, as `train` would; then streams a sample of at most two
/// seconds to predict the rate. Errors as bind, Lane and run: a recipe that `train` refuses is refused with the same words.
CheckResult check(const pipelines::Recipe& recipe, const JobData& data, std::shared_ptr<Cores> cores,
                  std::stop_token stop = {});

}  // namespace penstock
