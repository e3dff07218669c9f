// Rows cut into bins: all that trees look at while they grow.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "models/classic/trees/row_stream.h"
#include "models/classic/trees/trees_config.h"

namespace penstock::classic {

/// Where the bins lie.
struct MatrixPlace {
  /// "": in memory. Else files whose paths begin so; a page is one block of the stream. They are removed with the matrix; those of a killed
  /// program stay.
  std::string cache_prefix = {};
};

/// Bytes that a matrix in memory takes while trees grow, about: bins twice (by row and by column), gradients, predictions, the rows' places
/// in the tree.
uint64_t matrix_ram_bytes(uint64_t rows, size_t features, const TreesConfig& config);

/// Rows as bins of up to `max_bin` values a feature, cut by the quantiles of all rows (a sketch), or of `reference`: a set that is validated on has the bins of
/// the one that is trained on. Made in some passes over the stream (XGBoost 3.2 on a CPU: four, or three with a reference); the stream's memory is read where it
/// lies and given back with the next block. One thread.
class TreeMatrix {
 public:
  /// Throws what the stream throws; Error kData where a target is no number or no class, and with XGBoost's words for values it refuses (infinite ones, codes that are no
  /// whole numbers); kUsage where the stream has no rows.
  TreeMatrix(RowStream& stream, const TreeFeatures& features, const TreesConfig& config, const MatrixPlace& place = {},
             const TreeMatrix* reference = nullptr);
  ~TreeMatrix();
  TreeMatrix(const TreeMatrix&) = delete;
  TreeMatrix& operator=(const TreeMatrix&) = delete;

  uint64_t rows() const { return rows_; }
  /// Passes over the stream that it took to make it.
  uint64_t passes() const { return passes_; }
  bool on_disk() const { return on_disk_; }

  void* handle() const { return handle_; }

 private:
  void* handle_ = nullptr;
  uint64_t rows_ = 0;
  uint64_t passes_ = 0;
  bool on_disk_ = false;
};

}  // namespace penstock::classic
