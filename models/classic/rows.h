// Rows of features: what the classic learners read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/error.h"

namespace penstock::classic {

/// `rows` rows of `width` f32 each, C-contiguous, lent by the caller: shape (rows, width).
struct RowsView {
  const float* data = nullptr;
  size_t rows = 0;
  size_t width = 0;

  const float* row(size_t i) const { return data + i * width; }
  std::span<const float> values() const { return {data, rows * width}; }
  RowsView part(size_t first, size_t count) const {
    PENSTOCK_CHECK(first + count <= rows);
    return {row(first), count, width};
  }
};

/// Random access to rows that may lie on a disk: (size, width) f32, all finite. read() is called from one thread at a time, which need not
/// be the same one; it may block. What it throws comes out of the algorithm that reads.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual uint64_t size() const = 0;
  virtual size_t width() const = 0;
  /// Rows [first, first + into.size() / width()) into `into`, C order.
  virtual void read(uint64_t first, std::span<float> into) = 0;
  /// All rows, where they lie in memory already and for as long as the source lives; else a view without data.
  virtual RowsView in_memory() const { return {}; }
};

/// Rows that lie in memory, borrowed.
class MemoryRows final : public RowSource {
 public:
  explicit MemoryRows(RowsView rows) : rows_(rows) {}
  uint64_t size() const override { return rows_.rows; }
  size_t width() const override { return rows_.width; }
  void read(uint64_t first, std::span<float> into) override;
  RowsView in_memory() const override { return rows_; }

 private:
  RowsView rows_;
};

/// Whether rows that lie around `middle` (width), `spread2` from it in the mean of squares, should be brought near to zero before products of them
/// are taken (Intake::shift). Where |middle|^2 <= spread2 it would spare less than one bit of the rounding, and costs a copy of each tile.
bool far_from_zero(std::span<const float> middle, double spread2);

}  // namespace penstock::classic
