// What bringing rows of embedding tables took, in figures. No torch.
#pragma once

#include <cstdint>

namespace penstock::learn {

/// Of one learner, over all its training steps.
struct RowsBrought {
  double ahead_seconds = 0;  ///< of the thread that brings, beside the steps
  /// In steps: reading what was not brought ahead, waiting for what was on its way, and reading again what changed since.
  double step_seconds = 0;
  double update_seconds = 0;  ///< in steps: gradients to the host, summed with those of other lanes, and written
  uint64_t batches = 0;
  uint64_t batches_ahead = 0;  ///< of them
  uint64_t rows = 0;           ///< distinct in their batch
  uint64_t rows_again = 0;     ///< of them, changed by a step while they were on their way

  bool any() const { return batches > 0; }
  RowsBrought& operator+=(const RowsBrought& other) {
    ahead_seconds += other.ahead_seconds;
    step_seconds += other.step_seconds;
    update_seconds += other.update_seconds;
    batches += other.batches;
    batches_ahead += other.batches_ahead;
    rows += other.rows;
    rows_again += other.rows_again;
    return *this;
  }
};

}  // namespace penstock::learn
