// What is counted of a stretch of training rows. Two stretches that follow one another merge.
#pragma once

#include <string>
#include <vector>

#include "io/table/table_block.h"
#include "stages/table/column_plan.h"
#include "stages/table/distinct.h"
#include "stages/table/group_sums.h"
#include "stages/table/moments.h"
#include "stages/table/quantiles.h"
#include "stages/table/target.h"
#include "stages/table/value_counts.h"

namespace penstock::table {

/// Of a column of categories.
struct CategoryState {
  ValueCounts values;
  Distinct distinct;      ///< hashed columns only
  bool too_many = false;  ///< of rest = "auto": more values than a category may have
  uint64_t missing = 0;
};
/// Of a column of numbers, after clip and logarithm.
struct NumberState {
  Moments moments;      ///< y is the target
  Quantiles quantiles;  ///< where the plan needs them
  uint64_t missing = 0, infinite = 0;
  uint64_t differs = 0;  ///< rows whose value is not the target's own
};
struct MeanState {
  std::vector<GroupTable> levels;
  GroupSums all;
};

/// One thread adds to it; columns merge independently of one another.
class FitState {
 public:
  /// `plan`, `schema` and `rule` must outlive it. `most_open`: values of a column of rest = "auto" that may still be categories.
  FitState(const ColumnPlan& plan, const io::TableSchema& schema, const TargetRule& rule, Task task,
           uint64_t most_open);

  /// Rows [0, block.rows) of the columns plan.columns; `rows[i]` is the number of row i in the table.
  void add(const io::TableBlock& block, std::span<const uint64_t> rows);
  void clear();

  /// The parts that merge on their own, 0 .. parts() - 1.
  size_t parts() const { return categories.size() + numbers.size() + means.size() + 1; }
  void merge_part(size_t part, const FitState& next);
  uint64_t vocabulary_bytes() const;

  std::vector<CategoryState> categories;  ///< of plan.categories, then of plan.open
  std::vector<NumberState> numbers;       ///< of plan.numbers, then of plan.open
  std::vector<MeanState> means;
  ValueCounts targets;   ///< classes and binary: texts
  Moments target;        ///< as it is learnt
  Quantiles raw_target;  ///< as it is in the table; regression
  uint64_t rows = 0, refused = 0, bad = 0;
  std::string first_refusal;

 private:
  void add_target(const io::TableBlock& block);
  void add_category(const io::ColumnBlock& column, const CategoryPlan& plan, CategoryState& state, bool open);
  void add_texts(const io::ColumnBlock& column, CategoryState& state);
  void add_codes(const io::ColumnBlock& column, CategoryState& state);
  void add_number(const io::ColumnBlock& column, const NumberPlan& plan, NumberState& state);
  void add_means(const io::TableBlock& block, std::span<const uint64_t> rows);
  const io::ColumnBlock& column(const io::TableBlock& block, size_t column) const {
    return block.columns[place_[column]];
  }

  const ColumnPlan& plan_;
  const TargetRule& rule_;
  Task task_;
  uint64_t most_open_;
  std::vector<size_t> place_;  ///< column of the schema -> place in a block
  std::vector<uint8_t> good_;  ///< scratch: rows of the block that count
  std::vector<double> y_;      ///< scratch: their targets, as they are learnt
  std::vector<double> raw_y_;  ///< scratch: likewise, as they are in the table
  struct CodeCount {
    uint64_t count = 0;
    double target = 0;
    bool varies = false;
  };
  std::vector<CodeCount> codes_;   ///< scratch: by dictionary code
  std::vector<uint32_t> touched_;  ///< scratch: codes that came
};

/// Clip and logarithm of a number, as fitting and encoding see it; infinite and NaN stay what they are.
double shaped(double x, bool log, std::span<const double> clip);

}  // namespace penstock::table
