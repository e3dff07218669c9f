// The rows of a block that can be written, between those that cannot.
#pragma once

#include <cstddef>

#include "io/table/table_block.h"

namespace penstock::io {

/// Calls `run(from, to)` with each stretch of rows between bad ones, some of them empty, and `bad(row)` with each bad row, in order.
template <class Run, class Bad>
void each_good_run(const TableBlock& block, const Run& run, const Bad& bad) {
  size_t from = 0;
  for (const BadRow& one : block.bad) {
    run(from, one.row);
    bad(one.row);
    from = one.row + 1;
  }
  run(from, block.rows);
}

}  // namespace penstock::io
