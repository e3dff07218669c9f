#include "stages/table/targets_read.h"

#include <algorithm>
#include <limits>

#include "stages/table/row_walk.h"

namespace penstock::table {

TargetsRead::TargetsRead(const EncodedTable& data)
    : data_(data), column_(data.table().schema().require(data.table_fields()->target, "evaluation", data.path())) {}

double TargetsRead::of(uint64_t id) {
  const uint64_t row = data_.rows().row(id);
  if (!piece_ || row < piece_->first() || row >= piece_->first() + piece_->count()) {
    const size_t columns[] = {column_};
    piece_ = data_.table().fetch(data_.table().piece_of(row), columns);
    block_.rows = 0;
  }
  if (row < first_ || row >= first_ + block_.rows) {
    const size_t from = static_cast<size_t>(row - piece_->first());
    piece_->decode(from, std::min(kDecodeRows, piece_->count() - from), block_);
    first_ = row;
  }
  const size_t at = static_cast<size_t>(row - first_);
  const io::ColumnBlock& targets = block_.columns[0];
  if (targets.type == io::ColumnType::kReal) return targets.reals[at];
  return targets.is_missing(at) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(targets.ints[at]);
}

}  // namespace penstock::table
