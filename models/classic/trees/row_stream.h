// Rows as trees get them: block after block, from the first row again as often as they are asked for.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace penstock::classic {

/// What a row holds.
struct TreeFeatures {
  std::vector<std::string> names;
  std::vector<bool> categorical;  ///< the value is a category's code, 0, 1, ...; else a number
  size_t size() const { return names.size(); }
  bool operator==(const TreeFeatures&) const = default;
};

/// Rows lent until the next call.
struct RowBlock {
  size_t rows = 0;                      ///< N; 0: there are no more
  std::span<const float> values = {};   ///< (N, F), NaN where a value is missing
  std::span<const float> targets = {};  ///< (N): a number, 0 or 1, or a class; empty: the rows have none
  std::span<const float> weights = {};  ///< (N); empty: all 1
};

/// Called by one thread at a time. Each pass gives the same rows in the same order.
class RowStream {
 public:
  virtual ~RowStream() = default;
  /// Begins at the first row.
  virtual void reset() = 0;
  virtual RowBlock next() = 0;
};

}  // namespace penstock::classic
