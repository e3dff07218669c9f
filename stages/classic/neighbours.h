// The rows of a stored set that are nearest to a row of features.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/graph/params.h"
#include "engine/graph/stage.h"
#include "models/classic/algebra.h"

namespace penstock::classic {

/// The k nearest of a file of features, every one looked at. "features" f32 (N, width) -> "neighbour" i64 (N, k), the ids of the file's rows, nearest first,
/// of equal ones the row that stands first; and "distance" f32 (N, k): Euclidean (l2), 1 - cosine of the angle, where a row of zeros is 1 away from
/// everything (cosine); of metric dot in its place "product" f32 (N, k), the largest first. A record whose features are not finite is refused, and so is one
/// whose distances overflow. Rows of the file that hold an error are left out. Draws nothing. The same bytes on every CPU (fixed_order.h).
///
/// The file's rows stay in memory, rows * (4 width + 12) bytes for all threads together, and count as the run's.
class Neighbours final : public SliceStage {
 public:
  struct Params {
    std::string rows;
    size_t k = 5;
    Metric metric = Metric::kL2;
    static void describe(ParamTable<Params>& t);
  };
  /// `rows` "": no set yet; bind refuses that. Throws what reading the file throws, Error kData where it holds no features.
  explicit Neighbours(const Params& params);

  /// Error kUsage also where the set has fewer than k rows.
  Bound bind(const Schema& in) const override;
  void run(SliceView& slice, Scratch& scratch) const override;

 private:
  struct Found {
    float score;  ///< less is nearer
    int64_t row;
  };
  float score_of(const float* query, float query_norm, size_t row) const;
  float value_of(float score) const;
  float norm_of(const float* row) const;

  Params params_;
  size_t width_ = 0;
  std::vector<float> values_;  ///< (rows, width)
  std::vector<float> norms_;   ///< (rows), of cosine
  std::vector<int64_t> ids_;   ///< (rows)
  std::string contents_;
};

}  // namespace penstock::classic
