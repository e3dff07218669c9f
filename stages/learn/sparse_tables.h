// Embedding tables that stay in the host's memory: the rows of a batch alone go to where the learner computes, and come back as gradients.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/device/collective.h"
#include "models/nets/net.h"
#include "stages/learn/inputs.h"
#include "stages/learn/rows_ahead.h"
#include "stages/learn/rows_brought.h"
#include "stages/learn/step_graph.h"

namespace penstock::learn {

/// Of one learner: a batch's rows are leaves of their own, and small. The store may be that of several. One thread.
///
/// What a step is given is the same bits whether its rows were brought ahead or not: rows are read as of that step, and those which a step in between
/// has written are read again.
class SparseTables {
 public:
  /// `net` and `compute` must outlive it.
  SparseTables(const nets::Net& net, const OptimiserConfig& optimiser, const Schedule& schedule,
               const Compute& compute);
  /// The rows are those of `owner`; `net`, an equal network but for those tables (TableNetSpec::lent_from), gets their weights. Before the first step.
  SparseTables(const nets::Net& net, const SparseTables& owner, const Compute& compute);
  bool any() const { return store_->size() > 0; }
  /// Whether the rows are its own, for others to share maybe: who does not own them leaves loading and saving to who does.
  bool owns() const { return lane_ == 0; }

  /// Begins to bring the rows of the batch behind those that were brought ahead before; the first of them is that of step `first`.
  void bring_ahead(const TableRows& rows, uint64_t first);
  /// What was brought ahead is not asked for any more.
  void forget_ahead() { ahead_->forget(); }
  /// The most that a batch of so many records, brought ahead, holds.
  uint64_t bytes_ahead(int64_t records) const { return BroughtRows::bytes(*store_, records, columns_); }

  /// Puts the rows that these codes mean into `into.rows`, and their places there into `into.cat`, on the device. Where it trains, update() follows.
  void bring(const TableRows& rows, uint64_t step, bool trains, StepInputs& into);
  /// Step number `step` for the rows brought last, by the gradients that backward() left. Waits for the device.
  void update(uint64_t step);
  /// The same of several lanes, of which some brought no rows: by the sum of their gradients in rank order, times `scale`. A call of all; tables are
  /// written when all have left the next one of `group`.
  void update(uint64_t step, Collective& group, float scale);
  /// There is no such step.
  void drop() { now_.reset(); }

  bool has(const std::string& name) const;
  RowStore& store() { return *store_; }
  RowsBrought brought() const;

 private:
  SparseTables(const nets::Net& net, std::shared_ptr<RowStore> store, const Compute& compute);
  /// The gradients of a table of the batch in work, f32 (codes, width) in the host's memory; undefined: none.
  at::Tensor gradient(size_t table);

  const Compute& compute_;
  int64_t columns_ = 0;
  size_t all_ = 0;  ///< tables of the network
  std::shared_ptr<RowStore> store_;
  size_t lane_ = 0;  ///< among those that share the store
  std::unique_ptr<RowsAhead> ahead_;
  std::unique_ptr<BroughtRows> now_;  ///< of the step in work
  RowsBrought brought_;
};

}  // namespace penstock::learn
