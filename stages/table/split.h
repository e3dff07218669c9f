// Which rows of a table are set aside for validation: by time, by group, or by hash.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "io/table/table.h"

namespace penstock::table {

/// A set of rows: a bit each. A plain value; const members are thread-safe.
class RowSet {
 public:
  explicit RowSet(uint64_t rows) : bits_((rows + 63) / 64), rows_(rows) {}
  void insert(uint64_t row) { bits_[row / 64] |= uint64_t{1} << (row % 64); }
  bool has(uint64_t row) const { return (bits_[row / 64] >> (row % 64) & 1) != 0; }
  uint64_t rows() const { return rows_; }  ///< of the table
  uint64_t count() const;
  /// Those of the set, rising: 8 bytes each.
  std::vector<uint64_t> ids() const;
  /// Runs of neighbours: first and count.
  std::vector<std::pair<uint64_t, uint64_t>> ranges() const;
  RowSet others() const;

 private:
  std::vector<uint64_t> bits_;
  uint64_t rows_;
};

enum class SplitBy {
  kTime,   ///< rows of the last span of time
  kGroup,  ///< whole groups
  kHash,   ///< by the values of columns: a row stays where it is whatever rows are added
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
/// be read are in neither part; those without time train; a missing group is a group. Memory: two bits a row and a piece of the table. Throws Error kUsage where columns
/// are missing or of another type, or where a part would be empty.
RowSplit split_rows(const io::Table& table, const SplitSpec& spec, uint64_t seed);

}  // namespace penstock::table
