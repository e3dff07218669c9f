// [table] against the columns that there are: who is a category, who a number.
#pragma once

#include <string>
#include <vector>

#include "io/table/table_schema.h"
#include "stages/table/spec.h"

namespace penstock::table {

struct CategoryPlan {
  size_t column = 0;  ///< of the schema
  uint64_t rare = 0, most = 0, buckets = 0;
  bool coded = true;       ///< has a code in the batch; else only its frequency is wanted
  bool frequency = false;  ///< its share of the training rows is a number
};

struct NumberPlan {
  size_t column = 0;
  bool log = false;
  std::vector<double> clip;
  Scale scale = Scale::kStandard;
  Fill fill = Fill::kMedian;
  /// Whether anything made of it goes by its quantiles, which take longer to count than all else of a number.
  bool needs_quantiles() const { return fill == Fill::kMedian || scale == Scale::kQuantile; }
};

/// An integer column of rest = "auto": what it is depends on how many values it has.
struct OpenPlan {
  CategoryPlan category;
  NumberPlan number;
};

struct MeanPlan {
  std::vector<size_t> by;  ///< columns of the schema
  MeanSpec spec;
};

struct ColumnPlan {
  std::vector<CategoryPlan> categories;
  std::vector<NumberPlan> numbers;
  std::vector<OpenPlan> open;
  std::vector<MeanPlan> means;
  size_t target = 0;
  /// All columns that are read, ascending.
  std::vector<size_t> columns;
};

/// Columns come in the order of the lists; those of a pattern in the order of the table. Throws Error kUsage, naming the nearest column: a name that is none, a pattern that fits
/// none, a column in two lists, the target among the features, text that is to be a number, columns left over under rest = "fail", nothing to learn from.
ColumnPlan plan_columns(const TableSpec& spec, const io::TableSchema& schema, const std::string& where);

}  // namespace penstock::table
