// Principal components: the directions in which rows vary most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/classic/algebra.h"
#include "models/classic/blocks.h"

namespace penstock::classic {

/// x -> (x - mean) * components', each divided by the root of its variance where `whiten`.
struct PcaModel {
  size_t width = 0;               ///< of the rows
  std::vector<float> mean;        ///< (width)
  std::vector<float> components;  ///< (p, width): unit vectors, the largest variance first
  std::vector<double> variance;   ///< (p): of the rows along each, n - 1 in the denominator
  std::vector<double> ratio;      ///< (p): the share of all variance
  bool whiten = false;

  size_t size() const { return variance.size(); }
  /// The components as project() takes them: divided by the root of the variance where whitened (0 where there is none).
  std::vector<float> directions() const;
};

/// Fits `components` of them in two passes at most: the covariance in f64, its eigenvectors by LAPACK. A component's largest
/// coefficient is positive (scikit-learn's svd_flip by columns). Memory beside the blocks: about 3 width^2 f64, and 16 more while rows are read.
/// Throws Error kUsage where there are fewer rows or columns than components, or fewer than two rows.
PcaModel fit_pca(Blocks& blocks, Algebra& algebra, size_t components, bool whiten = false);

/// Rows as a model sees them, made when they are read. Model, algebra and rows must outlive it; the algebra is not to be used
/// for anything else meanwhile, as rows may be read by another thread.
class ProjectedRows final : public RowSource {
 public:
  ProjectedRows(RowSource& rows, const PcaModel& model, Algebra& algebra)
      : rows_(rows), model_(model), algebra_(algebra), directions_(model.directions()) {}
  uint64_t size() const override { return rows_.size(); }
  size_t width() const override { return model_.size(); }
  void read(uint64_t first, std::span<float> into) override;

 private:
  RowSource& rows_;
  const PcaModel& model_;
  Algebra& algebra_;
  std::vector<float> directions_;
  std::vector<float> raw_;
};

}  // namespace penstock::classic
