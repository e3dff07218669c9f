// What the two ways of k-means share. For kmeans*.cc alone.
#pragma once

#include <vector>

#include "models/classic/kmeans.h"

namespace penstock::classic {

/// The rows as a fit sees them: their mean is taken off where it is far from zero; otherwise `mean` is zeros.
struct KMeansData {
  Blocks& blocks;
  Algebra& algebra;
  const KMeansOptions& options;
  std::vector<float> mean;  ///< (width)
  bool shifted = false;
  double tolerance = 0;  ///< of the squared movements, absolute

  size_t width() const { return mean.size(); }
  Intake intake() const { return {.shift = shifted ? std::span<const float>(mean) : std::span<const float>()}; }
  /// Centres less the mean to centres as rows have it.
  std::vector<float> at_home(const std::vector<double>& centred) const;
  void report(size_t start, size_t iteration, double inertia, const std::vector<double>& centred) const;
};

/// Fits from centres (k, width) less the mean.
KMeansResult fit_full(const KMeansData& data, size_t start, std::vector<double> centres);
KMeansResult fit_mini_batch(const KMeansData& data, size_t start, std::vector<double> centres);

}  // namespace penstock::classic
