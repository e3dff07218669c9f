// What one compute thread needs to take a slice through the stages.
#pragma once

#include <memory>
#include <vector>

#include "engine/base/clock.h"
#include "engine/data/source.h"
#include "engine/graph/graph.h"
#include "engine/run/slice.h"

namespace penstock {

/// Per-thread state of all stages and the columns that end inside a slice. Used by one thread at a time.
class Worker {
 public:
  /// `reader`: gets what is made before the graph's cut; null where there is none.
  Worker(const Graph& graph, const Source& source, Reader* reader, uint64_t seed, Clock& clock);

  /// Runs the record and slice stages over the slice: consecutive record stages go record by record, so that a record
  /// stays in the cache. Refusals are left in the slice. Throws Error with stage, record and file as context.
  /// Adds nanoseconds to busy_ns[stage].
  void run(Slice& slice);

  /// Runs one batch stage. In-order section only.
  void run_batch_stage(size_t stage, const Batch& batch);

  std::vector<int64_t> busy_ns;   ///< by stage
  std::vector<uint64_t> records;  ///< by stage

 private:
  class RecordCursor;
  class SliceCursor;
  class BatchCursor;
  void lend_columns(Slice& slice);
  void run_records(Slice& slice, size_t begin, size_t end);
  void run_slice(Slice& slice, size_t stage);
  void run_slice_part(Slice& slice, size_t stage, size_t first, size_t count);
  void copy_inputs(Slice& slice, const BoundStage& stage, size_t i);
  bool skips(const Slice& slice, size_t stage, size_t i) const;
  void unpack(Slice& slice);
  void keep(const Slice& slice, size_t i);
  [[noreturn]] void fail(const BoundStage& stage, uint64_t record);

  const Graph& graph_;
  const Source& source_;
  Reader* reader_;
  uint64_t seed_;
  Clock& clock_;
  std::vector<Scratch> scratch_;                       ///< by stage
  std::vector<std::unique_ptr<std::byte[]>> columns_;  ///< by slot: kSlice columns that stages fill
  size_t column_records_ = 0;
  std::vector<std::byte> packed_;
  std::vector<std::vector<std::vector<std::byte>>> made_bytes_;  ///< by slot, by record: unbounded bytes stages make
};

}  // namespace penstock
