// The rows of embedding tables that one batch means, on their way to where the learner computes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "stages/learn/compute.h"
#include "stages/learn/inputs.h"
#include "stages/learn/row_store.h"

namespace penstock::learn {

/// Of one batch: its distinct codes, their rows as of a step, and both on the device. Used by one thread after the other; not moved, for a store that it
/// follows knows where it is.
class BroughtRows {
 public:
  /// Copies the codes; `store` and `compute` must outlive it.
  BroughtRows(RowStore& store, const Compute& compute, const TableRows& rows, uint64_t step);
  /// Of the same batch, for another step; nothing is read.
  BroughtRows(const BroughtRows& same, uint64_t step);
  ~BroughtRows();
  BroughtRows(const BroughtRows&) = delete;
  BroughtRows& operator=(const BroughtRows&) = delete;

  uint64_t step() const { return step_; }
  bool is_of(const TableRows& rows) const;
  /// In the learner's thread, while nobody writes: cut over torch's threads.
  void read_now();
  /// From any thread, while steps before are under way, beside what is queued on the learner's stream. False, and nothing is read, where a code has no row: the learner's checks say it.
  bool read_ahead();
  /// In the learner's thread, when all steps before are written: what they changed is read again. Gives how many rows.
  int64_t catch_up();

  const at::Tensor& places() const { return places_there_; }  ///< i32 (N, C), on the device
  at::Tensor& rows(size_t table) { return there_[table]; }    ///< f32 (codes, width), on the device
  const StagedRows& staged(size_t table) const { return staged_[table]; }
  int64_t row_count() const;

  /// Bytes of the host's memory that a batch of `records` holds where no two of them share a code: codes, places and rows. Not counted, since it is known afterwards
  /// alone: 8 bytes for each row that a step has changed meanwhile, and for a GPU a copy of those rows while they go up again.
  static uint64_t bytes(const RowStore& store, int64_t records, int64_t columns);

 private:
  bool find();
  void leave();

  RowStore& store_;
  const Compute& compute_;
  uint64_t step_;
  int64_t count_, columns_;
  std::vector<int32_t> cat_;
  std::vector<std::vector<int32_t>> codes_;  ///< of each column that a table is for
  at::Tensor places_, places_there_;
  std::vector<StagedRows> staged_;
  std::vector<at::Tensor> there_;
  std::vector<std::function<void()>> waits_;  ///< for copies to the device
  bool follows_ = false;
};

}  // namespace penstock::learn
