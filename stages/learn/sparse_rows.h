// SGD and AdamW row by row: a step looks at the rows that a batch has, and a row that comes again first takes the steps it missed. No torch.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "stages/learn/optimiser_config.h"
#include "stages/learn/schedule.h"

namespace penstock::learn {

/// One row of an embedding with its optimiser's state, all of one width. `second` is empty for SGD.
struct RowState {
  std::span<float> weight, first, second;
};

/// What the dense optimiser does with a row, in the same order of steps: a step without a gradient decays momenta and weight and moves the row by what
/// momentum is left. Those are made up for when the row is wanted, at the rates of their own steps, for rates are functions of the step. From
/// where momentum no longer changes the weight in f32 the rest is in closed form (but for SGD with weight decay, which is walked). Equal to dense
/// training but for rounding. Thread-safe: who has called reach() may call the others.
class SparseRows {
 public:
  /// Throws Error kUsage where a number makes no sense.
  SparseRows(const OptimiserConfig& config, const Schedule& schedule);

  /// Works out the rates of the steps up to `step`: needed before they are asked for. Error kUsage past 2^29 steps.
  void reach(uint64_t step);
  /// The steps [from, until), all without a gradient. O(steps until momentum is spent): some 200.
  void catch_up(RowState row, uint64_t from, uint64_t until) const;
  /// Step number `step` with a gradient. The row has taken all steps before.
  void step(RowState row, std::span<const float> gradient, uint64_t step) const;

 private:
  /// Of one step; the sums are of the steps before it.
  struct Constants {
    float lr = 0, momentum = 0;
    float rate = 0, root = 1;  ///< adamw: lr over its bias correction; one over the square root of the other's
    double log_momenta = 0, log_decays = 0;  ///< sums of logarithms
  };
  void sgd(RowState row, std::span<const float> gradient, const Constants& c) const;
  void adamw(RowState row, std::span<const float> gradient, const Constants& c) const;
  bool is_spent(RowState row, const Constants& c) const;

  // Blocks that stay where they are, so that some are read while others are made. As many as 2^29 steps need: 1 MiB of pointers.
  static constexpr uint64_t kBlock = 4096, kMostBlocks = 1 << 17;
  const Constants& at(uint64_t step) const { return blocks_[step / kBlock][step % kBlock]; }

  OptimiserConfig config_;
  Schedule schedule_;
  std::mutex mutex_;  ///< of reach()
  std::atomic<uint64_t> reached_ = 0;
  std::vector<std::unique_ptr<Constants[]>> blocks_;
};

}  // namespace penstock::learn
