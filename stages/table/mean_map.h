// From the group of a row to the mean of its target.
#pragma once

#include <span>
#include <vector>

#include "io/table/table_block.h"
#include "stages/table/group_sums.h"
#include "stages/table/number_map.h"

namespace penstock::table {

/// One MeanFit made ready. With sums (n, s) of a level and m of the coarser one: (s + smoothing m) / (n + smoothing), from the coarsest on. Immutable; any thread.
class MeanMap {
 public:
  explicit MeanMap(const MeanFit& fit);

  /// `columns` are those of fit.by. `rows`: numbers of the rows in the table where they are training rows, whose own fold then does not count; empty: of no training row.
  void encode(std::span<const io::ColumnBlock* const> columns, size_t from, size_t count,
              std::span<const uint64_t> rows, float* out, size_t stride) const;
  uint64_t bytes() const;

 private:
  double smoothing_;
  How how_;
  GroupSums all_;
  std::vector<GroupTable> levels_;  ///< the coarsest first
  ScaleFit scale_;
};

}  // namespace penstock::table
