// The steps that work on each row by itself: their parameters. Each is bound in a file of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stages/table/prepare/calendar.h"
#include "stages/table/prepare/step.h"

namespace penstock::table {

/// What a row without the right partner, or a text that is not what it should be, does.
enum class OnMiss { kMissing, kFail, kDrop };
/// What a key that comes twice in the joined file does.
enum class OnTwice { kFirst, kLast, kFail };

/// Columns of a small table, in memory while steps run. A key with a missing part finds nothing.
struct JoinParams {
  std::string file;             ///< name, path or pattern ("weather/*.csv")
  std::vector<std::string> on;  ///< "Store", or "State = land" where the file calls it otherwise
  std::string source;           ///< a column made of the name of the file, without ending
  std::map<std::string, std::string> names;  ///< what `source` says for a name of a file
  std::vector<PrepareStep> steps;            ///< done to the small table first
  std::vector<std::string> columns;          ///< taken; empty: all but the keys
  std::string prefix;
  OnTwice twice = OnTwice::kFail;
  OnMiss never = OnMiss::kMissing;
  static void describe(ParamTable<JoinParams>& t);
};

struct DateParams {
  std::string column;
  std::vector<DatePart> parts;
  std::optional<std::string> prefix;  ///< nothing: the column and '_'
  static void describe(ParamTable<DateParams>& t);
};

/// A year with a month or an ISO week.
struct MakeDateParams {
  std::string name, year, month, week;
  int64_t day = 1;  ///< of the month, or of the week: Monday is 1
  static void describe(ParamTable<MakeDateParams>& t);
};

struct TextParams {
  std::string column, name;
  bool lower = false;
  std::string split;               ///< cut at this
  int64_t part = 0;                ///< which piece, from 0; from the end: -1
  std::optional<uint64_t> first;   ///< bytes kept
  io::ColumnType as = io::ColumnType::kText;
  OnMiss unreadable = OnMiss::kMissing;
  static void describe(ParamTable<TextParams>& t);
};

enum class ComputeOp { kSum, kDifference, kProduct, kRatio, kMin, kMax, kLog, kLog1p, kAbs };

/// With two dates a difference is an int of days (two times: seconds), else a real. Values that are not finite are missing.
struct ComputeParams {
  std::string name, left, right;
  ComputeOp op = ComputeOp::kDifference;
  std::optional<double> number;  ///< in place of `right`
  bool floor = false;
  std::optional<double> low, high;  ///< where values are clipped, at last
  static void describe(ParamTable<ComputeParams>& t);
};

struct BucketParams {
  std::string column, name;
  std::vector<double> edges;
  static void describe(ParamTable<BucketParams>& t);
};

/// bool: whether the list has the value, or the word that `words` gives for it (1 is the first). A missing list has nothing.
struct InListParams {
  std::string name, column, list;
  std::vector<std::string> words;
  std::string split = ",";
  static void describe(ParamTable<InListParams>& t);
};

BoundStep bind(const JoinParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const DateParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const MakeDateParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const TextParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const ComputeParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const BucketParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const InListParams& params, std::string title, Columns& columns, StepWorld& world);

}  // namespace penstock::table
