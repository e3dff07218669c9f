// The logs of a run that a checkpoint cuts back: metrics, quarantine, ledger.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/target.h"
#include "io/data/dataset.h"
#include "io/file/append_file.h"
#include "models/metrics/task_sums.h"
#include "pipelines/train/ledger.h"
#include "pipelines/train/run_directory.h"
#include "stages/learn/learner.h"

namespace penstock::train {

/// How long each log was when a checkpoint was written.
struct LogOffsets {
  uint64_t metrics = 0;
  uint64_t quarantine = 0;
  uint64_t ledger = sizeof(io::FramedLogHeader);
};

/// What an epoch came to. Shares in 0..1.
struct EpochMetrics {
  uint64_t epoch = 0;  ///< from 0
  uint64_t steps = 0;  ///< of the training so far
  double train_loss = 0;
  double train_top1 = 0;
  std::optional<double> val_loss, val_top1, val_top5;  ///< none without validation data
  /// Of rows: what is learnt, and the figures of the validation (none without). train_top1 is the accuracy then, nothing of a regression. None: pictures.
  std::optional<Task> rows;
  std::vector<metrics::Figure> figures;
  double records_per_second = 0;
  double seconds = 0;  ///< of the run so far

  /// What epochs are compared by: the first of `figures`, top-1, or without validation data what training gave. None where this epoch has not been
  /// evaluated.
  std::optional<metrics::Figure> score(bool has_val) const;
};
/// "rows" or "images".
inline const char* unit_of(const std::optional<Task>& rows) { return rows ? "rows" : "images"; }

/// Appends lines; nothing is on disk for good before sync(). One thread.
class RunLogs {
 public:
  /// `rows`: what is learnt of them; none: pictures.
  RunLogs(io::FileSystem& fs, const RunPaths& paths, std::optional<Task> rows = std::nullopt);

  /// Drops what was written behind a checkpoint. Throws kData where a log is shorter than the checkpoint says.
  void cut_back(const LogOffsets& to);
  /// fsync of all three: before the checkpoint that counts on them.
  LogOffsets sync();
  /// To the system: outlives a killed program, not a power cut.
  void flush();

  void plan(const LedgerPlan& plan) { ledger_.plan(plan); }
  /// A batch that the learner took: ledger, quarantine, metrics. `result` is null where all its records were refused.
  void step(const Taken& taken, const learn::StepResult* result, double records_per_second, const Source& source);
  void epoch(const EpochMetrics& metrics);

 private:
  std::optional<Task> rows_;
  io::AppendFile metrics_;
  io::AppendFile quarantine_;
  LedgerWriter ledger_;
};

}  // namespace penstock::train
