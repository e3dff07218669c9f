// Every kind of step. A new one: its file, a line in row_steps.h or group_steps.h, and one here.
#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "stages/table/prepare/group_steps.h"
#include "stages/table/prepare/row_steps.h"

namespace penstock::table {
namespace {

template <class P>
StepKind kind(std::string name, std::string meaning) {
  return {std::move(name), std::move(meaning), &docs<P>,
          [](const ParamMap& params, std::string_view who, const Where& where) {
            return to_map<P>(read_params<P>(params, who, where));
          },
          [](const ParamMap& params, std::string title, Columns& columns, StepWorld& world) {
            const P read = read_params<P>(params, title);
            return bind(read, std::move(title), columns, world);
          }};
}

}  // namespace

const std::vector<StepKind>& step_kinds() {
  static const std::vector<StepKind> kinds = {
      kind<JoinParams>("join", "columns of a small table, found by key"),
      kind<DateParams>("date", "parts of a date or time"),
      kind<MakeDateParams>("make-date", "a date from columns of year and month, or of year and ISO week"),
      kind<TextParams>("text", "a piece of a text, as a text, a number or a date"),
      kind<ComputeParams>("compute", "a number from one or two columns; the days between two dates"),
      kind<BucketParams>("bucket", "which of the intervals between given edges a number lies in"),
      kind<InListParams>("in-list", "whether a text lists the value of another column"),
      kind<SinceParams>("since", "how long ago the last event of the group was, before the row's own time"),
      kind<UntilParams>("until", "how long until the next event of the group, after the row's own time"),
      kind<RollingParams>("rolling", "statistics of a column over the group's rows in a window before the row"),
      kind<ExpandingParams>("expanding", "statistics of a column over all rows of the group before the row"),
      kind<ShiftParams>("shift", "the value of an earlier row of the group"),
  };
  return kinds;
}

const StepKind& step_kind(std::string_view name, const Where& where) {
  std::vector<std::string> names;
  for (const StepKind& each : step_kinds()) {
    if (each.name == name) return each;
    names.push_back(each.name);
  }
  const std::string at = where.text();
  throw Error(Code::kUsage, (at.empty() ? "" : at + ": ") + "there is no step do = \"" + std::string(name) + "\"" +
                                nearest_hint(name, names));
}

}  // namespace penstock::table
