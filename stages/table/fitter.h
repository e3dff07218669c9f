// Learns from the training rows of a table what encoding needs: one pass, out of core, on all cores.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/memory/budget.h"
#include "engine/run/cores.h"
#include "io/table/table.h"
#include "stages/table/fitted.h"
#include "stages/table/row_set.h"

namespace penstock::table {

struct FitOptions {
  /// Of fetched pieces, of which there are two waves: one that is counted, one that is fetched meanwhile.
  uint64_t window_bytes = 256 << 20;
  /// Of all vocabularies while they are counted.
  uint64_t vocabulary_bytes = uint64_t{2} << 30;
  /// Told after each wave: rows done, rows in all. May be empty.
  std::function<void(uint64_t, uint64_t)> progress = {};
};

struct FitResult {
  Fitted fitted;
  /// What a user should know, a sentence each: Fitted::notes(), and features that give the target away.
  std::vector<std::string> warnings;
};

/// `rows` of `table` are the training rows: nothing else is looked at. Blocks; the calling thread fetches and helps to count. Rows are
/// counted in stretches of kStretch training rows, whatever the pieces are, and merged in their order: so the result is the same, to the last bit, for any number of
/// cores, window and format of the same rows.
///
/// Bad rows and rows without a target that can be learnt count nowhere. Throws what plan_columns() throws; Error kData where no row is left, the target
/// is constant, or the target of task = "binary" has other values than 0 and 1 and no `positive` is named; Error kMemory where the vocabularies grow past their bound
/// or what `budgets` have left (says of which columns: give them buckets), or there is no room for a window. What vocabularies take while they are counted is taken
/// from `budgets` as they grow, and given back at the end.
FitResult fit(const io::Table& table, const RowSet& rows, const TableSpec& spec, Cores& cores, Budgets& budgets,
              const FitOptions& options = {});

/// Training rows of a stretch.
inline constexpr uint64_t kStretch = 32768;

}  // namespace penstock::table
