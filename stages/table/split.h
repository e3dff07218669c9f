// Which rows of a table are set aside for validation: by time, by group, or by hash.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/table/table.h"
#include "stages/table/row_set.h"

namespace penstock::table {

enum class SplitBy {
  kTime,   ///< rows of the last span of time
  kGroup,  ///< whole groups
  kHash,   ///< by the values of columns: a row stays where it is whatever rows are added
  kRow,    ///< by the row's number
};

struct SplitSpec {
  SplitBy by = SplitBy::kTime;
  std::vector<std::string> columns;  ///< the time; the group; what is hashed
  std::string last;                  ///< kTime: "42d": rows later than the last time less this
  double fraction = 0.1;             ///< kGroup: of the groups; kHash: of the rows, as nearly as the hash divides them
};

struct RowSplit {
  RowSet train, val;
};

/// Reads the columns once (by time: twice). Of kGroup and kHash, a group or row is chosen by XXH3 over its values and `seed`, so it does not depend on others. Rows that cannot
/// be read are training rows, so that training names them (by kRow nothing is read); those without time train too; a missing group is a group. Memory: two bits a row and a piece of the table, then 24 bytes a run of neighbours. Throws Error kUsage where columns
/// are missing or of another type, or where a part would be empty.
RowSplit split_rows(const io::Table& table, const SplitSpec& spec, uint64_t seed);

}  // namespace penstock::table
