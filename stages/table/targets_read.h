// The target of a regression as the table has it, next to what is learnt of it.
#pragma once

#include <cstdint>
#include <memory>

#include "io/table/table.h"
#include "stages/table/encoded_table.h"

namespace penstock::table {

/// Reads the target's column alone, a piece at a time: ids that ascend read each piece once. Scales, logarithms and f32 do not touch it. Waits for the disk. One thread.
class TargetsRead {
 public:
  /// `data` must outlive it, have the target's column and learn a number.
  explicit TargetsRead(const EncodedTable& data);

  /// Of record `id`, which is good: NaN where the target is missing. Throws what Table::fetch() throws.
  double of(uint64_t id);

 private:
  const EncodedTable& data_;
  size_t column_;
  std::shared_ptr<const io::RawRows> piece_;
  io::TableBlock block_;
  uint64_t first_ = 0;  ///< row of the table that the block begins with
};

}  // namespace penstock::table
