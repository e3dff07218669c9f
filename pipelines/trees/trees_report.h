// The job `report` where a run grew trees: what its directory says of it, in words first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/file/file_system.h"
#include "pipelines/recipe/recipe.h"
#include "pipelines/trees/trees_position.h"

namespace penstock::trees {

/// Whether `run` is a run directory whose recipe has [trees].
bool is_trees_run(io::FileSystem& fs, const std::string& run);

/// Values by their names, in an order of their own.
using NamedValues = std::vector<std::pair<std::string, double>>;

/// What lies in RUN, read without a lock: a run under way can be looked at.
struct TreesReport {
  std::string run;
  pipelines::Recipe recipe;
  std::optional<TreesPosition> position;  ///< of the newest checkpoint
  NamedValues last;                       ///< of the newest round in metrics.jsonl: round, train_rmse, val_rmse, ...
  NamedValues gains;                      ///< of features, as shares of their sum, the greatest first
  std::string machine;                    ///< "AMD EPYC ..., 2 threads"
  uint64_t quarantined = 0;               ///< lines of quarantine.jsonl
  std::vector<std::string> notes;         ///< damaged checkpoints that were passed over

  /// The run stopped by itself and report.json is of that checkpoint; then what it says:
  bool has_report = false;
  double seconds = 0;
  uint64_t records = 0, passes = 0, model_bytes = 0, best_round = 0;
  NamedValues val;  ///< of the model: val_loss, val_rmse, ...
  std::string weights_xxh3;

  /// "growing", "read" (waiting for rows while they are cut), "cutting" (XGBoost's work on bins), by which took longest.
  std::string bottleneck() const;
  /// Rows a second while trees grow: each round looks at all. 0: not known.
  double records_per_second() const;
};

/// Throws Error kUsage where `run` is no run of trees, kData where it is damaged.
TreesReport read_trees_run(io::FileSystem& fs, const std::string& run);

std::string report_text(const TreesReport& report);
std::string report_json(const TreesReport& report);
/// What differs: recipe keys, where the time went, figures.
std::string comparison_text(const TreesReport& first, const TreesReport& second);

}  // namespace penstock::trees
