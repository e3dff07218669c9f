// Mean shift: the places where rows are densest, as many as there are.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/classic/algebra.h"
#include "models/classic/blocks.h"

namespace penstock::classic {

struct MeanShiftOptions {
  double bandwidth = 0;  ///< above 0: see estimate_bandwidth
  ShiftKernel kernel = ShiftKernel::kFlat;
  /// Start from the occupied cells of a grid as wide as the bandwidth in place of from each row: fewer starts where there are many rows
  /// in few dimensions. scikit-learn's bin_seeding.
  bool binned = false;
  size_t max_iterations = 300;
  /// Starts there may be at most; each costs a distance to every row in each iteration.
  size_t most_starts = 100'000;
  std::function<void(size_t iteration, size_t moving, size_t starts)> on_step = {};
};

struct MeanShiftResult {
  std::vector<float> centres;   ///< (k, width), the densest first
  std::vector<double> weights;  ///< (k): rows within the bandwidth (flat), or the sum of the weights
  size_t starts = 0;
  size_t iterations = 0;  ///< of the start that moved longest
};

/// Comaniciu and Meer 2002, with the rules of scikit-learn's MeanShift: a start has arrived when it moves by less than a thousandth of the
/// bandwidth; of arrivals within a bandwidth of each other the densest stays. Rows belong to the nearest centre (assign_all).
/// Same bits for any number of threads; budgets change the order of f64 sums only between blocks, which are aligned.
/// Throws Error kUsage for a bandwidth that is not above 0, for no rows and for too many starts; kCancelled.
MeanShiftResult mean_shift(Blocks& blocks, Algebra& algebra, const MeanShiftOptions& options);

/// The mean distance to the row that is the quantile-th share of all rows away (scikit-learn's estimate_bandwidth), of at most `most_rows` rows
/// drawn without repetition. 0 where rows are all equal. quantile in (0, 1]; quantile * most_rows at most kMostNeighbours.
double estimate_bandwidth(Blocks& blocks, Algebra& algebra, double quantile = 0.3, size_t most_rows = 2000,
                          uint64_t seed = 0);

}  // namespace penstock::classic
