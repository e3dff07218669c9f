#include "io/table/table_block.h"

namespace penstock::io {

void ColumnBlock::clear() {
  ints.clear();
  reals.clear();
  texts.clear();
  codes.clear();
  missing.clear();
}

}  // namespace penstock::io
