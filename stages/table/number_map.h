// From a number of a table to the number that a model reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/table/table_block.h"
#include "stages/table/fitted.h"
#include "stages/table/stored_tile.h"

namespace penstock::table {

/// Brings x to its scale; f64 throughout.
double scaled(const ScaleFit& scale, double x);

/// Clip, logarithm, fill and scale of one column. Small integers are looked up. Immutable; any thread.
class NumberMap {
 public:
  NumberMap(const NumberFit& fit, io::ColumnType type);

  /// out[i * stride] for rows [from, from + count); missing, NaN and infinite ones get the filler, or NaN where fill = "none". `indicator`, where not null, gets 1
  /// for those and 0 for the rest, likewise strided. Gives how many were infinite.
  uint64_t encode(const io::ColumnBlock& column, size_t from, size_t count, float* out, float* indicator,
                  size_t stride) const;
  /// The same of integers as they lie narrow in memory; at most kMostTile rows. False, and nothing done, of other columns.
  bool encode(const io::StoredColumn& column, const StoredTile& tile, float* out, float* indicator,
              size_t stride) const;
  static constexpr size_t kMostTile = 256;
  float of(double x) const;
  float filler() const { return filler_; }
  uint64_t bytes() const { return small_.size() * sizeof(float) + fit_.scale.knots.size() * sizeof(double); }

 private:
  // Criteo's counts, ages, days: nine in ten integers of tables are in here. 4 KiB a column.
  static constexpr int64_t kSmallLow = -8, kSmallHigh = 1016;

  NumberFit fit_;
  float filler_ = 0;
  std::vector<float> small_;
};

}  // namespace penstock::table
