// What a recipe says in [table]: which columns are categories, which are numbers, and what is made of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/target.h"
#include "engine/graph/params.h"

namespace penstock::table {

enum class Scale : uint8_t {
  kNone,
  kStandard,  ///< (x - mean) / deviation
  kQuantile,  ///< the share of training values below, brought to mean 0 and deviation 1
};
enum class TargetScale : uint8_t {
  kNone,
  kStandard,  ///< (x - mean) / deviation, after the logarithm
};
enum class Fill : uint8_t { kMedian, kMean, kZero, kNone };
enum class Rest : uint8_t {
  kIgnore,
  kAuto,  ///< text and bool become categories, numbers stay numbers
  kFail,
};
enum class How : uint8_t {
  kOutOfFold,  ///< training rows get the mean of the other four fifths, so that none meets its own target
  kPlain,
};
enum class Use : uint8_t { kCategory, kNumber, kIgnore };

/// [[table.means]]: the mean of the target over the rows of a group, as a number.
struct MeanSpec {
  std::vector<std::string> by;
  std::string of = "target";
  double smoothing = 10;
  How how = How::kOutOfFold;
  static void describe(ParamTable<MeanSpec>& t);
  bool operator==(const MeanSpec&) const = default;
};

/// [[table.column]]: what holds for one column alone. What is not set is as for all.
struct ColumnOverride {
  std::string name;
  std::optional<Use> use;
  std::optional<uint64_t> rare;
  std::optional<uint64_t> most;
  std::optional<uint64_t> buckets;
  std::optional<Scale> scale;
  std::optional<Fill> fill;
  std::optional<bool> log;
  std::vector<double> clip;
  static void describe(ParamTable<ColumnOverride>& t);
  bool operator==(const ColumnOverride&) const = default;
};

/// [table]. A plain value. Names may be globs ("C*", "I?"); a name that is listed wins over a glob, and `ignore` over both.
struct TableSpec {
  Task task = Task::kRegression;
  std::vector<std::string> header;  ///< names of the columns of a file without a header; "": c1, c2, ...
  std::string target;
  TargetLog target_log = TargetLog::kNone;
  std::vector<double> target_clip;          ///< lowest and highest, before the logarithm; training rows only
  std::vector<double> target_clip_at;       ///< likewise, as quantiles of the training rows
  std::optional<TargetScale> target_scale;  ///< nothing: the caller's choice, else kStandard
  std::string positive;                     ///< the text of the target that counts as 1
  std::vector<std::string> categories;
  std::vector<std::string> numbers;
  std::vector<std::string> ignore;
  Rest rest = Rest::kIgnore;
  uint64_t auto_values = 32;
  uint64_t rare = 2;
  uint64_t most = 0;
  uint64_t buckets = 0;
  uint64_t hash_seed = 0;
  Scale scale = Scale::kStandard;
  std::vector<std::string> log;
  Fill fill = Fill::kMedian;
  bool missing = true;
  std::vector<std::string> frequency;
  std::vector<MeanSpec> means;
  std::vector<ColumnOverride> columns;  ///< [[table.column]]
  static void describe(ParamTable<TableSpec>& t);
  bool operator==(const TableSpec&) const = default;
};

/// Throws Error kUsage for what no column can say better: no target, clips of other than two ascending numbers, a task that does
/// not go with target_log, a group without columns.
void check(const TableSpec& spec);

/// Whether `name` matches a pattern with * (any letters) and ? (one).
bool glob_matches(std::string_view pattern, std::string_view name);

}  // namespace penstock::table
