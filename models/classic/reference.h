// The naive twins: f64, one row after the other, nothing clever. What every Algebra is tested against.
#pragma once

#include <span>
#include <vector>

#include "models/classic/algebra.h"

namespace penstock::classic::reference {

/// |a - b|^2.
double squared_distance(const float* a, const float* b, size_t width);
/// What NearestSoFar calls a score.
double score(Metric metric, const float* query, const float* base, size_t width);

struct Assigned {
  std::vector<int32_t> labels;
  std::vector<double> distances2;
  double inertia = 0;
  std::vector<double> sums;      ///< (k, width)
  std::vector<uint64_t> counts;  ///< (k)
};
Assigned assign(RowsView rows, RowsView centres);

struct Neighbours {
  std::vector<double> scores;  ///< (queries, k)
  std::vector<int64_t> ids;
};
/// Ties by the lower id; places beyond the base's rows hold -1 and infinity.
Neighbours nearest(RowsView queries, RowsView base, size_t k, Metric metric, int64_t self_first = -1);

/// rows' * rows, (width, width), of rows less `shift`.
std::vector<double> gram(RowsView rows, std::span<const float> shift);

struct KernelSums {
  std::vector<double> sums;     ///< (modes, width)
  std::vector<double> weights;  ///< (modes)
};
KernelSums kernel_sums(RowsView rows, RowsView modes, double bandwidth, ShiftKernel kernel);

}  // namespace penstock::classic::reference
