// The batches of a run as rows for trees.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/run/run.h"
#include "io/data/dataset.h"
#include "models/classic/trees/row_stream.h"
#include "models/classic/trees/trees_config.h"
#include "pipelines/recipe/trees_section.h"

namespace penstock::trees {

/// The features of a data set of rows: `cat`, then `cont`. Throws Error kUsage where it is none, or has neither.
classic::TreeFeatures features_of(const io::Dataset& data, pipelines::TreeCategories categories);
/// What is learnt of it.
classic::TreesTask task_of(const io::Dataset& data);

/// Rows of a block: `wanted`, or where that is 0 as many as 16 MiB hold, at most a sixteenth of the RAM (0: not limited) and all of them.
uint64_t block_rows(uint64_t wanted, size_t features, uint64_t rows, uint64_t ram_bytes);

/// A row of features each record of a batch: `cat` i32 (N, C) and `cont` f32 (N, D) side by side in `out` (N, C + D); either may be absent.
void put_rows(const Batch& batch, std::vector<float>& out);
/// `target` f32 (N), or `label` i64 (N) as numbers; empty where the batch has neither.
void put_targets(const Batch& batch, std::vector<float>& out);

/// Each pass is a Run of its own over the same records in storage order. A batch is lent as it is where it has no categories; else its row is put together once, in
/// memory of one block. One thread.
class TableRows final : public classic::RowStream {
 public:
  /// `run`: order, batch, cores, budgets and faults. The graph and the source must outlive it. A stop ends a pass with Error kCancelled.
  TableRows(const Graph& graph, const Source& source, RunOptions run, std::stop_token stop = {});

  void reset() override;
  classic::RowBlock next() override;

  /// Sums over all passes so far.
  double waited_seconds() const { return waited_seconds_; }
  uint64_t passes() const { return passes_; }
  /// Refused in the first pass, each once, for the log; later passes refuse the same.
  const std::vector<Rejection>& rejections() const { return rejections_; }
  /// Of the pass under way, or of the last one.
  std::optional<Report> report() const;

 private:
  const Graph& graph_;
  const Source& source_;
  RunOptions options_;
  std::stop_token stop_;
  std::optional<Run> run_;
  std::optional<std::stop_callback<std::function<void()>>> give_up_;
  Batch batch_;
  std::vector<float> rows_, targets_;
  std::vector<Rejection> rejections_;
  uint64_t passes_ = 0;
  double waited_seconds_ = 0;
};

}  // namespace penstock::trees
