// Embedding tables in the host's memory, with what their optimiser knows of each row: one store for all lanes of a process.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "models/nets/net.h"
#include "stages/learn/sparse_rows.h"

namespace penstock::learn {

/// Rows of a part that one of torch's threads reads or writes: below that it costs more to start it.
inline constexpr int64_t kRowsOfAPart = 512;

/// Rows of one table that a batch has, copied out of it: as far as all steps before `step`, which those rows may have missed.
struct StagedRows {
  std::span<const int32_t> codes;  ///< ascending, each once
  uint64_t step = 0;
  at::Tensor weight;         ///< f32 (codes, width), in pinned memory where a GPU is fed
  at::Tensor first, second;  ///< as the weight; second undefined for SGD
  size_t read = 0;           ///< the first so many are here
  /// Places of rows that a step has changed since they were read. For RowStore.
  std::vector<int64_t> stale = {};

  RowState row(size_t i) const;
};

/// A gradient for rows of one table: f32 (codes, width) for ascending codes.
struct RowGradients {
  std::span<const int32_t> codes;
  std::span<const float> values;
};

/// Those tables of a network that need no gradient themselves. A row changes in write() alone, so that between two steps the tables are what training has
/// made of them, whatever was read ahead.
///
/// Threads: follow() by any, also while another is in write(); read() by any while nobody writes; write() of a table by one at a time. The others while
/// nobody reads or writes.
class RowStore {
 public:
  RowStore(const nets::Net& net, const OptimiserConfig& optimiser, const Schedule& schedule);

  size_t size() const { return tables_.size(); }
  /// Where the table stands in Net::tables().
  size_t place(size_t table) const { return tables_[table]->place; }
  const nets::EmbeddingTable& embedding(size_t table) const { return tables_[table]->embedding; }
  bool has_second() const { return adam_; }
  /// One lane more uses it: gives its number, from 1. Before the first step.
  size_t join() { return lanes_++; }
  size_t lanes() const { return lanes_; }

  /// Room for the rows of those codes, none read.
  StagedRows stage(size_t table, std::span<const int32_t> codes, uint64_t step, bool pinned) const;
  /// Reads rows [begin, end), which take the steps that they have missed.
  void read(size_t table, StagedRows& into, size_t begin, size_t end) const;
  /// Reads all of them while others may write, and notes those that are written afterwards; until leave().
  void follow(size_t table, StagedRows& into);
  void leave(size_t table, StagedRows& staged);
  /// Reads again what was written since follow(): gives the places, ascending. Not while others write.
  std::vector<int64_t> patch(size_t table, StagedRows& staged) const;
  /// Step number `step` of one table, by a gradient for those rows. Rows that `mine` has are taken from there. The work is cut over torch's threads.
  void write(size_t table, const RowGradients& gradients, uint64_t step, const StagedRows& mine);

  /// "sparse/NAME", as far as each row has come: "optimizer/rows/NAME" i64, and momenta under the names of the dense optimiser's. Shares memory.
  std::vector<nets::NamedTensor> state() const;
  /// NAME, a copy whose rows have all taken the steps before `step`: what dense training would have.
  std::vector<nets::NamedTensor> settled(uint64_t step) const;
  /// The weights were set from outside, with all steps before `step` in them.
  void restart(uint64_t step);

 private:
  struct Table {
    size_t place = 0;
    nets::EmbeddingTable embedding;
    at::Tensor first, second;
    at::Tensor taken;  ///< i64 (cardinality): steps that each row has taken
    std::mutex mutex;  ///< of rows while some read and one writes, and of
    std::vector<StagedRows*> followers;
  };
  RowState row(const Table& table, int64_t code) const;

  bool adam_;
  size_t lanes_ = 1;
  mutable SparseRows rows_;
  std::vector<std::unique_ptr<Table>> tables_;
};

}  // namespace penstock::learn
