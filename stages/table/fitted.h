// What was learnt about a table's columns from its training rows: all that turning rows into numbers needs.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file/file_system.h"
#include "io/table/table_schema.h"
#include "stages/table/spec.h"

namespace penstock::table {

struct CountedValue {
  std::string text;
  uint64_t count = 0;
  bool operator==(const CountedValue&) const = default;
};

/// A column of categories. Code 0 is missing or unknown.
struct CategoryFit {
  size_t source = 0;  ///< in Fitted::source
  bool coded = true;  ///< a column of `cat`
  bool frequency = false;
  uint64_t buckets =
      0;  ///< above 0: code = 1 + XXH3-64(text, seed) % buckets, and no values. Integers are hashed as decimal text
  uint64_t seed = 0;
  /// Value i has the code i + 1; by count, the commonest first, then by text.
  std::vector<CountedValue> values;
  uint64_t missing = 0;   ///< training rows without a value
  uint64_t rare = 0;      ///< training rows whose value came too seldom
  uint64_t distinct = 0;  ///< values in the training rows; hashed: an estimate, 1 % off
  uint64_t shared = 0;    ///< hashed: values beyond one a bucket, by that estimate
  int64_t cardinality() const { return 1 + static_cast<int64_t>(buckets > 0 ? buckets : values.size()); }
  bool operator==(const CategoryFit&) const = default;
};

/// How a number is brought to its scale: (x - mean) / deviation, or through the quantiles.
struct ScaleFit {
  Scale kind = Scale::kNone;
  double mean = 0, deviation = 1;
  /// kQuantile: values below which 0, 1/n, 2/n, ... 1 of the training values lie.
  std::vector<double> knots;
  bool operator==(const ScaleFit&) const = default;
};

/// A column of numbers. Order of work: clip, logarithm, fill, scale.
struct NumberFit {
  size_t source = 0;
  bool log = false;
  std::vector<double> clip;  ///< none or two
  Fill fill = Fill::kMedian;
  double filler = 0;       ///< after the logarithm, before the scale
  bool indicator = false;  ///< a further number says where it was missing
  ScaleFit scale;
  uint64_t count = 0, missing = 0, infinite = 0;  ///< of the training rows; infinite values count as missing
  double low = 0, high = 0, mean = 0, deviation = 0,
         median = 0;  ///< after the logarithm; a median that nothing goes by is 0
  bool operator==(const NumberFit&) const = default;
};

/// The number that says how common a category is: count / rows, scaled.
struct FrequencyFit {
  size_t category = 0;  ///< in Fitted::categories
  ScaleFit scale;
  bool operator==(const FrequencyFit&) const = default;
};

inline constexpr size_t kFolds = 5;

/// Sums of one group, a fold of the training rows each.
struct GroupSums {
  uint64_t key = 0;  ///< join_hash() of the values
  uint32_t count[kFolds] = {};
  double sum[kFolds] = {};
  bool operator==(const GroupSums&) const = default;
};

/// Means of the target by group. Level 0 are the groups by all columns, level 1 those without the last column, ...; the coarsest is the mean of all rows.
struct MeanFit {
  std::vector<size_t> by;  ///< in Fitted::source
  double smoothing = 0;
  How how = How::kOutOfFold;
  std::vector<std::vector<GroupSums>> levels;  ///< each by key
  GroupSums all;
  ScaleFit scale;
  bool operator==(const MeanFit&) const = default;
};

struct TargetFit {
  size_t source = 0;
  Task task = Task::kRegression;
  TargetLog log = TargetLog::kNone;
  std::vector<double> clip;           ///< none or two, before the logarithm; of training rows
  bool scaled = false;                ///< regression: brought to mean 0 and deviation 1, last
  std::string positive;               ///< binary: the text that counts as 1; "": the number 1
  std::vector<CountedValue> classes;  ///< binary: of 0 and of 1. Classes by number where all are numbers, else by text
  uint64_t count = 0, refused = 0;    ///< rows that have one, rows that have none that can be learnt
  double low = 0, high = 0, mean = 0, deviation = 0;  ///< after the logarithm, before the scale
  /// From the table's number to the batch's and back.
  TargetTransform transform() const;
  bool operator==(const TargetFit&) const = default;
};

/// A plain value; equal ones encode rows alike.
struct Fitted {
  static constexpr int kVersion = 2;

  std::vector<io::ColumnSpec> source;  ///< the columns that are read, by name and type
  std::string spec;                    ///< [table] as it was, for people
  uint64_t rows = 0;                   ///< training rows with a target
  uint64_t fingerprint = 0;            ///< of the training table
  TargetFit target;
  std::vector<CategoryFit> categories;  ///< those that are coded first
  std::vector<NumberFit> numbers;
  std::vector<FrequencyFit> frequencies;
  std::vector<MeanFit> means;
  bool operator==(const Fitted&) const = default;

  size_t cat_width() const;   ///< C: columns of `cat`
  size_t cont_width() const;  ///< D: columns of `cont`: numbers, then indicators, frequencies, means
  /// Of the columns of `cont`, in order: "Age", "Age is missing", "frequency of City", "mean by Store, DayOfWeek".
  std::vector<std::string> cont_names() const;
  std::vector<std::string> cat_names() const;
  /// Of the text below: changes with anything that changes a row.
  uint64_t digest() const;
  uint64_t bytes() const;  ///< in memory, about

  /// What a user should know: infinities, rare values, hash collisions. A sentence each.
  std::vector<std::string> notes() const;
};

/// One file, atomically: lines of text with the checksum of all before it as the last, so that people can read it, compare two of them and see which
/// category got which code. Vocabularies take a line a value.
std::string to_text(const Fitted& fitted);
/// Throws Error kData for a text that was cut or changed, and for another version; `origin` names it.
Fitted fitted_from_text(std::string_view text, const std::string& origin);
void write_fitted(const Fitted& fitted, const std::string& path, io::FileSystem& fs = io::FileSystem::real());
Fitted read_fitted(const std::string& path, io::FileSystem& fs = io::FileSystem::real());

/// Whether values of type `found` can stand for a column that was trained as another: numbers for one another, where they are read as numbers (`is_number`).
bool goes_for(io::ColumnType found, io::ColumnType trained, bool is_number);
/// Of each of `fitted.source`: whether it is read as a number alone, and not by how its values are spelt.
std::vector<bool> plain_numbers(const Fitted& fitted);

/// For each column of `fitted.source` its place in `schema`; npos for a target that is missing, or of another type, where `with_target` is false. Types as goes_for() says. Throws Error kUsage naming all columns that are missing (with the nearest there is) or have another type.
std::vector<size_t> match_columns(const Fitted& fitted, const io::TableSchema& schema, const std::string& where,
                                  bool with_target = true);

}  // namespace penstock::table
