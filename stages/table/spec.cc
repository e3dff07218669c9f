#include "stages/table/spec.h"

#include "engine/base/error.h"

namespace penstock::table {
namespace {

WordsRule scales() {
  return one_of<Scale>({{"standard", Scale::kStandard}, {"quantile", Scale::kQuantile}, {"none", Scale::kNone}});
}
WordsRule fills() {
  return one_of<Fill>({{"median", Fill::kMedian}, {"mean", Fill::kMean}, {"zero", Fill::kZero}, {"none", Fill::kNone}});
}

void require_pair(const std::vector<double>& pair, const std::string& key) {
  if (pair.empty() || (pair.size() == 2 && pair[0] < pair[1])) return;
  throw Error(Code::kUsage, key + " must be two numbers, the lower one first").hint(key + " = [0, 1000]");
}

}  // namespace

void MeanSpec::describe(ParamTable<MeanSpec>& t) {
  t.add("by", &MeanSpec::by,
        "columns that make the group, the coarsest first: one that was not seen in training falls back on the group "
        "without its last column",
        required(), not_empty());
  t.add("of", &MeanSpec::of, "what the mean is of", one_of({"target"}));
  t.add("smoothing", &MeanSpec::smoothing, "rows that the coarser mean counts as", at_least(0));
  t.add("how", &MeanSpec::how,
        "out-of-fold: a training row gets the mean of the four fifths it is not in; plain: of all",
        one_of<How>({{"out-of-fold", How::kOutOfFold}, {"plain", How::kPlain}}));
}

void ColumnOverride::describe(ParamTable<ColumnOverride>& t) {
  using C = ColumnOverride;
  t.add("name", &C::name, "the column", required(), not_empty());
  t.add("use", &C::use, "what it is",
        one_of<Use>({{"category", Use::kCategory}, {"number", Use::kNumber}, {"ignore", Use::kIgnore}}));
  t.add("rare", &C::rare, "as table.rare");
  t.add("most", &C::most, "as table.most");
  t.add("buckets", &C::buckets, "as table.buckets", in_range(0, 1 << 30));
  t.add("scale", &C::scale, "as table.scale", scales());
  t.add("fill", &C::fill, "as table.fill", fills());
  t.add("log", &C::log, "whether the logarithm is taken");
  t.add("clip", &C::clip, "lowest and highest value, before the logarithm");
}

void TableSpec::describe(ParamTable<TableSpec>& t) {
  using T = TableSpec;
  t.add("task", &T::task, "what is learnt",
        one_of<Task>({{"regression", Task::kRegression}, {"binary", Task::kBinary}, {"classes", Task::kClasses}}));
  t.add("header", &T::header, "names of all columns, for a file that has no header; else they are c1, c2, ...");
  t.add("target", &T::target, "the column to be predicted", required(), not_empty());
  t.add("target_log", &T::target_log, "regression: learn log(target) or log(1 + target); log is what RMSPE wants",
        one_of<TargetLog>({{"none", TargetLog::kNone}, {"log", TargetLog::kLog}, {"log1p", TargetLog::kLog1p}}));
  t.add("target_clip", &T::target_clip, "regression: lowest and highest target of training rows, before the logarithm");
  t.add("target_clip_at", &T::target_clip_at, "the same as quantiles of the training rows", in_range(0, 1));
  t.add("target_scale", &T::target_scale,
        "regression: standard brings the target to mean 0 and deviation 1, so that losses and rates mean the same "
        "whatever "
        "its unit; by default networks do and [trees] do not",
        one_of<TargetScale>({{"standard", TargetScale::kStandard}, {"none", TargetScale::kNone}}));
  t.add("positive", &T::positive, "binary: the value of the target that counts as 1; by default 1 or true");
  t.add("categories", &T::categories, "columns that become codes; patterns such as \"C*\" are allowed");
  t.add("numbers", &T::numbers, "columns that stay numbers; dates count in days");
  t.add("ignore", &T::ignore, "columns that are left out, whatever the patterns say");
  t.add("rest", &T::rest,
        "columns that no list names; auto: text, bool and integers of few values become categories, others numbers",
        one_of<Rest>({{"ignore", Rest::kIgnore}, {"auto", Rest::kAuto}, {"fail", Rest::kFail}}));
  t.add("auto_values", &T::auto_values, "rest = \"auto\": integers of at most so many values become categories");
  t.add("rare", &T::rare, "categories seen in fewer training rows count as unknown");
  t.add("most", &T::most, "categories of a column, the commonest; 0: all");
  t.add("buckets", &T::buckets, "hash categories into so many codes in place of a vocabulary; 0: a vocabulary",
        in_range(0, 1 << 30));
  t.add("hash_seed", &T::hash_seed, "of the hash (XXH3-64)");
  t.add("scale", &T::scale, "how numbers are brought to one scale", scales());
  t.add("log", &T::log, "numbers whose logarithm is taken first: sign(x) * log(1 + |x|)");
  t.add("fill", &T::fill, "what stands for a missing number; none: NaN, for trees", fills());
  t.add("missing", &T::missing, "a further number, 0 or 1, for each number that was missing in a training row");
  t.add("frequency", &T::frequency, "categories whose share of the training rows becomes a number");
  t.add("means", &T::means, "means of the target by group, as numbers");
  t.add("column", &T::columns, "what holds for one column alone");
}

void check(const TableSpec& spec) {
  if (spec.target.empty())
    throw Error(Code::kUsage, "[table] names no target").hint("target = \"COLUMN\": what is to be predicted");
  require_pair(spec.target_clip, "table.target_clip");
  require_pair(spec.target_clip_at, "table.target_clip_at");
  if (!spec.target_clip.empty() && !spec.target_clip_at.empty())
    throw Error(Code::kUsage, "table.target_clip and table.target_clip_at say the same thing").hint("keep one of them");
  const bool shaped = spec.target_log != TargetLog::kNone || !spec.target_clip.empty() ||
                      !spec.target_clip_at.empty() || spec.target_scale.has_value();
  if (shaped && spec.task != Task::kRegression)
    throw Error(Code::kUsage,
                "table.target_log, table.target_clip and table.target_scale are of task = \"regression\"");
  if (!spec.positive.empty() && spec.task != Task::kBinary)
    throw Error(Code::kUsage, "table.positive is of task = \"binary\"");
  for (const ColumnOverride& column : spec.columns) require_pair(column.clip, "table.column.clip");
  for (size_t i = 0; i < spec.columns.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (spec.columns[i].name == spec.columns[k].name)
        throw Error(Code::kUsage, "two [[table.column]] are of '" + spec.columns[i].name + "'").hint("make them one");
}

bool glob_matches(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;  // the star takes one letter more
      n = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace penstock::table
