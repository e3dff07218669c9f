// k-means: the centres that rows lie nearest to, with the least sum of squared distances that is found.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "models/classic/algebra.h"
#include "models/classic/blocks.h"

namespace penstock::classic {

/// How far a fit is. `centres` (k, width) are good for the duration of the call.
struct KMeansStep {
  size_t start = 0;      ///< which of n_init
  size_t iteration = 0;  ///< from 1 on
  double inertia = 0;    ///< with the centres before this step; of mini-batches: the batch's, scaled to all rows
  std::span<const float> centres;  ///< after this step
};

/// Defaults are scikit-learn's.
struct KMeansOptions {
  size_t k = 8;
  uint64_t seed = 0;
  size_t n_init = 1;            ///< starts, of which the one with the least inertia is kept
  size_t max_iterations = 300;  ///< of mini-batches: passes over as many rows as there are, 100 in scikit-learn
  /// Ends when the squared movements of all centres sum to at most this share of the mean variance of the columns; full batches only.
  double tolerance = 1e-4;
  bool mini_batch = false;
  size_t batch = 1024;         ///< rows of a mini-batch
  size_t no_improvement = 10;  ///< mini-batches without a better smoothed inertia that end it
  double reassign_below =
      0.01;  ///< centres with fewer rows than this share of the largest are put onto rows of the batch
  /// Rows that k-means++ looks at; 0: most(20,000, 64 k), and never more than there are. Drawn without repetition.
  size_t seeding_rows = 0;
  /// (k, width), where it starts in place of k-means++: n_init counts as 1.
  std::vector<float> from = {};
  std::function<void(const KMeansStep&)> on_step = {};
};

struct KMeansResult {
  std::vector<float> centres;  ///< (k, width)
  double inertia = 0;          ///< over all rows, with these centres
  size_t iterations = 0;       ///< of the start that was kept
  bool converged = false;
  std::vector<double> history;  ///< inertia of each of its steps
  size_t empty = 0;  ///< centres that no row was near to in the last pass (rows with fewer than k different values)
};

/// Fits. The draws are keyed by (seed, start, step): the same rows, seed and machine give the same bits for any number of threads and
/// any budget. On another CPU the GEMM rounds otherwise, and rows at the border of two clusters may change sides.
/// Throws Error kUsage where k is 0 or more than there are rows, or `from` has the wrong size; kCancelled when the blocks' stop is requested (on_step
/// has seen the last centres).
///
/// Full batches: Lloyd 1982. A cluster that became empty gets the row that is farthest from its centre, as in scikit-learn.
/// Mini-batches: Sculley 2010, "Web-scale k-means clustering", with scikit-learn's stopping rule. A batch is made of runs of 16 rows
/// that follow each other, so that rows on a disk can be read.
KMeansResult k_means(Blocks& blocks, Algebra& algebra, const KMeansOptions& options);

/// A pass with centres (k, width) that stay as they are; gives the inertia. `body` gets each block's labels and squared distances, and may be empty.
double assign_all(Blocks& blocks, Algebra& algebra, std::span<const float> centres,
                  const std::function<void(uint64_t first, std::span<const int32_t> labels,
                                           std::span<const float> distances2)>& body = {});

/// k-means++ (Arthur and Vassilvitskii 2007): each centre is a row drawn with probability proportional to its squared distance from the
/// centres so far, the best of 2 + log k draws (the greedy variant of the paper and of scikit-learn). (k, width).
std::vector<float> seed_centres(RowsView rows, Algebra& algebra, size_t k, uint64_t seed, size_t start);

}  // namespace penstock::classic
