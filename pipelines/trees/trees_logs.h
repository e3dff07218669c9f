// The logs of a growth of trees.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/data/batch.h"
#include "io/data/dataset.h"
#include "io/file/append_file.h"
#include "models/classic/trees/grow.h"
#include "pipelines/job/progress.h"
#include "pipelines/train/run_directory.h"

namespace penstock::trees {

/// metrics.jsonl, a line a round, and quarantine.jsonl. Nothing is on disk for good before sync(). One thread.
class TreesLogs {
 public:
  /// Drops what was written behind a checkpoint. Throws Error kData where the log is shorter than `metrics_bytes`; from 0 on, both begin anew.
  TreesLogs(io::FileSystem& fs, const train::RunPaths& paths, uint64_t metrics_bytes);

  /// {"type":"round","round":3,"train_rmse":...,"val_rmse":...,"seconds":...}, rounds from 1.
  void round(const classic::GrowState& state, double seconds);
  void refused(std::span<const Rejection> all, const Source& source);
  /// How long metrics.jsonl is then.
  uint64_t sync();

 private:
  io::AppendFile metrics_, quarantine_;
};

/// Names the first rows that were left out, and counts the rest; `listed`: the file that holds all of them, "" for none.
void say_left_out(ProgressSink& progress, std::span<const Rejection> all, const Source& source,
                  const std::string& listed = {});

}  // namespace penstock::trees
