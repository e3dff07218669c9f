// The steps that look along the rows of a group in the order of time: their parameters. Each is bound in a file of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stages/table/prepare/step.h"

namespace penstock::table {

/// A span of time in a recipe: "42d", or a plain number in the unit of an int column. In units of `type`: days, seconds, or as it stands.
/// Throws Error kUsage where it is none, is no whole number of units, or lies outside [low, 10^12].
int64_t units_of(const std::string& span, io::ColumnType type, int64_t low, std::string_view what,
                 std::string_view who);

/// What stands where the table knows of no event on that side of a row.
enum class Beyond {
  kMissing,
  kCount,  ///< as if one came at the moment outside of the group's rows: the least that it can be
};

/// An int: units of the time column since the last event of the group at an earlier time.
struct SinceParams {
  std::string event, name, time;
  std::vector<std::string> by;
  Beyond beyond = Beyond::kMissing;
  static void describe(ParamTable<SinceParams>& t);
};
/// The same forward: to the next event at a later time. For calendars that are known ahead; refused for what the target is part of.
struct UntilParams {
  std::string event, name, time;
  std::vector<std::string> by;
  Beyond beyond = Beyond::kMissing;
  static void describe(ParamTable<UntilParams>& t);
};

enum class Statistic { kMean, kSum, kMin, kMax, kStd, kCount };

/// Of what came at least `lag` before a row, and always before it: rows of the same time see nothing of one another.
struct ExpandingParams {
  std::string column, name, time, lag;
  std::vector<std::string> by, where;
  std::vector<Statistic> stats = {Statistic::kMean};
  static void describe(ParamTable<ExpandingParams>& t);
};
struct RollingParams : ExpandingParams {
  std::string window;
  std::optional<uint64_t> rows;
  static void describe(ParamTable<RollingParams>& t);
};

/// The value `rows` rows before among those of earlier times, or the one at exactly `lag` before (of several: the last row).
struct ShiftParams {
  std::string column, name, time, lag;
  std::vector<std::string> by;
  std::optional<uint64_t> rows;
  static void describe(ParamTable<ShiftParams>& t);
};

BoundStep bind(const SinceParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const UntilParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const ExpandingParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const RollingParams& params, std::string title, Columns& columns, StepWorld& world);
BoundStep bind(const ShiftParams& params, std::string title, Columns& columns, StepWorld& world);

}  // namespace penstock::table
