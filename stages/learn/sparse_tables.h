// Embedding tables that stay in the host's memory: the rows of a batch alone go to where the learner computes, and come back as gradients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/nets/net.h"
#include "stages/learn/inputs.h"
#include "stages/learn/sparse_rows.h"
#include "stages/learn/step_graph.h"

namespace penstock::learn {

/// Those tables of a network that need no gradient themselves: a batch's rows are leaves of their own, and small. One thread.
class SparseTables {
 public:
  /// `net` and `schedule` must outlive it.
  SparseTables(const nets::Net& net, const OptimiserConfig& optimiser, const Schedule& schedule);
  bool any() const { return !tables_.empty(); }

  /// Puts the rows that these codes mean into `into.rows`, and their places there into `into.cat`, on `device`. Where it trains, the tables take the steps
  /// that those rows have missed before `step`, and update() follows; else copies do.
  void bring(const TableRows& rows, uint64_t step, at::Device device, bool trains, StepInputs& into);
  /// Step number `step` for the rows brought last, by the gradients that backward() left. Waits for the device.
  void update(uint64_t step);

  bool has(const std::string& name) const;
  /// "sparse/NAME", as far as each row has come: "optimizer/rows/NAME" i64, and momenta under the names of the dense optimiser's. Shares memory.
  std::vector<nets::NamedTensor> state() const;
  /// NAME, a copy whose rows have all taken the steps before `step`: what dense training would have.
  std::vector<nets::NamedTensor> settled(uint64_t step);
  /// The weights were set from outside, with all steps before `step` in them.
  void restart(uint64_t step);

 private:
  struct Table {
    size_t place = 0;  ///< in Net::tables()
    nets::EmbeddingTable embedding;
    at::Tensor first, second;    ///< as the weight; second undefined for SGD
    at::Tensor taken;            ///< i64 (cardinality): steps that each row has taken
    std::vector<int32_t> codes;  ///< brought last, ascending
    at::Tensor brought;          ///< (codes, width), on the device
  };
  RowState row(Table& table, int64_t code) const;

  SparseRows rows_;
  size_t all_ = 0;  ///< tables of the network
  std::vector<Table> tables_;
};

}  // namespace penstock::learn
