// A source of rows, block by block, in a budget.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "models/classic/algebra.h"
#include "models/classic/rows.h"

namespace penstock::classic {

/// Passes over the rows of a source. Rows that fit into `bytes` are read once and stay; of others two blocks are in memory, one
/// that is worked on and one that is being read meanwhile, by a thread of its own. The source must outlive it. One thread.
class Blocks {
 public:
  /// Blocks begin at multiples of this, whatever the budget: sums over groups of rows then do not depend on it.
  static constexpr size_t kAlign = Algebra::kGramRows;

  /// Throws Error kMemory where not even two blocks of kAlign rows fit into `bytes`, and says how much would do.
  Blocks(RowSource& source, uint64_t bytes, std::stop_token stop = {});

  uint64_t rows() const { return source_.size(); }
  size_t width() const { return source_.width(); }
  bool resident() const { return resident_; }
  /// What the blocks take.
  uint64_t bytes() const;
  RowSource& source() { return source_; }

  /// All blocks, in order; a view is good until `body` returns, and as long as this where they are resident. Throws what the source throws,
  /// and Error kCancelled between two blocks when a stop is requested.
  void each(const std::function<void(uint64_t first, RowsView rows)>& body);
  /// Throws Error kCancelled when a stop is requested: for work that makes no pass.
  void stop_if_asked() const;

 private:
  size_t count_at(uint64_t first) const;
  void stream(const std::function<void(uint64_t, RowsView)>& body);

  RowSource& source_;
  std::stop_token stop_;
  bool resident_ = false;
  size_t block_rows_ = 0;
  RowsView all_;
  std::vector<float> buffers_[2];
};

/// Blocks as an algebra holds them: those that are resident are taken in once for all passes. All must outlive it.
class HeldBlocks {
 public:
  HeldBlocks(Blocks& blocks, Algebra& algebra, const Intake& intake)
      : blocks_(blocks), algebra_(algebra), intake_(intake) {}

  void each(const std::function<void(uint64_t first, const HeldRows& rows)>& body);
  Blocks& blocks() { return blocks_; }

 private:
  Blocks& blocks_;
  Algebra& algebra_;
  Intake intake_;
  std::vector<std::unique_ptr<HeldRows>> held_;
};

/// Mean and variance (of the population) of each column, f64.
struct ColumnMoments {
  std::vector<double> mean, variance;
};
/// One pass. The squares are taken from the first row on, so that a large mean costs no digits.
ColumnMoments column_moments(Blocks& blocks, Algebra& algebra);

}  // namespace penstock::classic
