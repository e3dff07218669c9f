#include "stages/table/fit_result.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "stages/table/fixed_log.h"

namespace penstock::table {
namespace {

using io::ColumnType;

constexpr size_t kKnots = 256;

/// A counted value as text: eight bytes where the column is no text.
std::string text_of(std::string_view stored, ColumnType type) {
  if (type == ColumnType::kText) return std::string(stored);
  io::ColumnBlock cell{.type = type};
  int64_t bits = 0;
  std::memcpy(&bits, stored.data(), sizeof bits);
  if (type == ColumnType::kReal)
    cell.reals.push_back(std::bit_cast<double>(bits));
  else
    cell.ints.push_back(bits);
  return cell_text(cell, 0);
}

/// Values that hashing must double up with others: d values thrown into b buckets leave b (1 - 1/b)^d of them empty.
uint64_t shared_values(uint64_t values, uint64_t buckets) {
  const double b = static_cast<double>(buckets);
  double empty = b, factor = 1 - 1 / b;
  for (uint64_t d = values; d > 0; d >>= 1, factor *= factor)
    if ((d & 1) != 0) empty *= factor;
  const double taken = b - empty;
  return static_cast<uint64_t>(std::max(0.0, static_cast<double>(values) - taken) + 0.5);
}

CategoryFit finish_category(const CategoryPlan& plan, const CategoryState& state, ColumnType type, uint64_t seed) {
  CategoryFit out{.coded = plan.coded, .frequency = plan.frequency, .buckets = plan.buckets, .missing = state.missing};
  if (plan.buckets > 0) {
    out.seed = seed;
    out.distinct = state.distinct.count();
    out.shared = shared_values(out.distinct, plan.buckets);
    return out;
  }
  out.distinct = state.values.entries().size();
  for (const ValueCounts::Entry& entry : state.values.entries()) {
    if (entry.count < plan.rare)
      out.rare += entry.count;
    else
      out.values.push_back({text_of(state.values.text(entry), type), entry.count});
  }
  std::sort(out.values.begin(), out.values.end(), [](const CountedValue& a, const CountedValue& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  if (plan.most > 0 && out.values.size() > plan.most) {
    for (size_t i = plan.most; i < out.values.size(); ++i) out.rare += out.values[i].count;
    out.values.resize(plan.most);
  }
  return out;
}

ScaleFit standard(double mean, double deviation) {
  // What is constant is brought to 0, not blown up.
  return {.kind = Scale::kStandard, .mean = mean, .deviation = deviation > 0 ? deviation : 1, .knots = {}};
}

NumberFit finish_number(const NumberPlan& plan, const NumberState& state, bool indicators) {
  NumberFit out{.log = plan.log, .clip = plan.clip, .fill = plan.fill};
  out.count = state.moments.count;
  out.missing = state.missing;
  out.infinite = state.infinite;
  out.indicator = indicators && state.missing + state.infinite > 0;
  if (out.count > 0) {
    out.low = state.moments.low;
    out.high = state.moments.high;
    out.mean = state.moments.mean;
    out.deviation = out.low == out.high ? 0 : state.moments.deviation();
    if (plan.needs_quantiles()) out.median = state.quantiles.median();
  }
  out.filler = plan.fill == Fill::kMedian ? out.median : plan.fill == Fill::kMean ? out.mean : 0;
  if (plan.scale == Scale::kStandard) out.scale = standard(out.mean, out.deviation);
  if (plan.scale == Scale::kQuantile) {
    std::vector<double> shares;
    for (size_t k = 0; k < kKnots; ++k) shares.push_back(static_cast<double>(k) / (kKnots - 1));
    out.scale.kind = out.count > 0 ? Scale::kQuantile : Scale::kNone;
    if (out.count > 0) out.scale.knots = state.quantiles.at(shares);
  }
  return out;
}

FrequencyFit finish_frequency(size_t category, const CategoryFit& of, uint64_t rows, Scale scale) {
  FrequencyFit out{.category = category, .scale = {}};
  if (scale == Scale::kNone) return out;
  double mean = 0, square = 0;
  const double n = static_cast<double>(rows);
  for (const CountedValue& value : of.values) {
    const double share = static_cast<double>(value.count) / n;
    mean += share * share;  // a share of the rows has that share
    square += share * share * share;
  }
  out.scale = standard(mean, std::sqrt(std::max(0.0, square - mean * mean)));
  return out;
}

MeanFit finish_mean(const MeanPlan& plan, MeanState& state, Scale scale) {
  MeanFit out{.smoothing = plan.spec.smoothing, .how = plan.spec.how, .all = state.all};
  for (GroupTable& level : state.levels) {
    out.levels.push_back(level.groups());
    std::ranges::sort(out.levels.back(), {}, &GroupSums::key);
  }
  if (scale == Scale::kNone) return out;
  // Of the groups' own means, drawn to that of all: near enough to what rows get, and known without a second pass.
  const auto total = [](const GroupSums& group) {
    std::pair<double, double> sum;
    for (size_t f = 0; f < kFolds; ++f) {
      sum.first += static_cast<double>(group.count[f]);
      sum.second += group.sum[f];
    }
    return sum;
  };
  const auto [rows, all] = total(out.all);
  const double prior = rows > 0 ? all / rows : 0;
  double mean = 0, square = 0;
  for (const GroupSums& group : out.levels.front()) {
    const auto [count, sum] = total(group);
    const double off = (sum + out.smoothing * prior) / (count + out.smoothing) - prior;
    mean += off * count / rows;
    square += off * off * count / rows;
  }
  out.scale = standard(prior + mean, std::sqrt(std::max(0.0, square - mean * mean)));
  return out;
}

std::string first_values(const std::vector<CountedValue>& values) {
  std::string out;
  for (size_t i = 0; i < std::min<size_t>(values.size(), 8); ++i) out += (i > 0 ? ", '" : "'") + values[i].text + "'";
  return out + (values.size() > 8 ? ", ..." : "");
}

void finish_classes(const TableSpec& spec, ColumnType type, const std::string& where, const ValueCounts& counts,
                    TargetFit& target) {
  std::vector<CountedValue> found;
  for (const ValueCounts::Entry& entry : counts.entries())
    found.push_back({std::string(counts.text(entry)), entry.count});
  const bool by_number = type != ColumnType::kText;
  std::ranges::sort(found, [&](const CountedValue& a, const CountedValue& b) {
    if (!by_number) return a.text < b.text;
    const double x = std::strtod(a.text.c_str(), nullptr), y = std::strtod(b.text.c_str(), nullptr);
    return x != y ? x < y : a.text < b.text;
  });
  const std::string values = first_values(found);
  if (spec.task == Task::kClasses) {
    target.classes = std::move(found);
  } else {
    std::array<CountedValue, 2> sides;
    const std::string positive = spec.positive.empty() ? (type == ColumnType::kBool ? "true" : "1") : spec.positive;
    for (const CountedValue& value : found) {
      CountedValue& side = sides[value.text == positive ? 1 : 0];
      side.text = side.count == 0 ? value.text : "not " + positive;
      side.count += value.count;
    }
    if (sides[1].count == 0 && !spec.positive.empty())
      throw Error(Code::kData,
                  "no training row of '" + where + "' has the target '" + positive + "' that table.positive names")
          .hint("column '" + spec.target + "' has " + first_values(found));
    if (sides[0].count > 0 && sides[1].count > 0) target.classes.assign(sides.begin(), sides.end());
  }
  if (target.classes.size() < 2)
    throw Error(Code::kData, "the target '" + spec.target + "' of '" + where + "' is the same in all " +
                                 std::to_string(target.count) + " training rows (" + values +
                                 "): there is nothing to learn")
        .hint("check the column, the filter and the split");
}

}  // namespace

FitResult finish_fit(const TableSpec& spec, const ColumnPlan& plan, const io::Table& table, TargetFit target,
                     FitState& state) {
  const io::TableSchema& schema = table.schema();
  const auto type = [&](size_t column) { return schema.columns()[column].type; };
  target.count = state.rows;
  target.refused = state.refused;
  if (state.rows == 0)
    throw Error(Code::kData, "no training row of '" + table.path() + "' has a target that can be learnt" +
                                 (state.first_refusal.empty() ? "" : ": of the first, " + state.first_refusal))
        .hint(state.bad > 0 ? "besides, there are " + counted(state.bad, "bad row")
                            : "check column '" + spec.target + "'");
  if (spec.task != Task::kRegression) finish_classes(spec, type(plan.target), table.path(), state.targets, target);
  if (spec.task != Task::kClasses) {
    target.low = state.target.low;
    target.high = state.target.high;
    target.mean = state.target.mean;
    target.deviation = state.target.deviation();
  }
  if (spec.task == Task::kRegression && target.low == target.high)
    throw Error(Code::kData, "the target '" + spec.target + "' of '" + table.path() + "' is the same in all " +
                                 std::to_string(state.rows) + " training rows: there is nothing to learn")
        .hint("check the column, the filter and target_clip");
  if (!spec.target_clip_at.empty()) {
    target.clip = state.raw_target.at(spec.target_clip_at);
    const auto learnt = [&](double x) {
      return spec.target_log == TargetLog::kNone ? x : fixed_log(spec.target_log == TargetLog::kLog ? x : x + 1);
    };
    target.low = std::max(target.low, learnt(target.clip[0]));
    target.high = std::min(target.high, learnt(target.clip[1]));
  }

  target.scaled = spec.task == Task::kRegression && target.deviation > 0 &&
                  spec.target_scale.value_or(TargetScale::kStandard) == TargetScale::kStandard;

  FitResult out;
  Fitted& fitted = out.fitted;
  fitted.rows = state.rows;
  fitted.fingerprint = table.fingerprint();
  fitted.spec = canonical_text(to_map<TableSpec>(spec));
  out.warnings = find_leaks(spec, plan, schema, state);
  std::vector<size_t> columns;  // of the schema, for each of fitted.source
  const auto source = [&](size_t column) {
    const auto it = std::ranges::find(columns, column);
    if (it != columns.end()) return static_cast<size_t>(it - columns.begin());
    columns.push_back(column);
    fitted.source.push_back(schema.columns()[column]);
    return columns.size() - 1;
  };
  target.source = source(plan.target);
  fitted.target = std::move(target);
  const auto add_category = [&](const CategoryPlan& category, const CategoryState& counts) {
    fitted.categories.push_back(finish_category(category, counts, type(category.column), spec.hash_seed));
    fitted.categories.back().source = source(category.column);
  };
  const auto add_number = [&](const NumberPlan& number, const NumberState& counts) {
    fitted.numbers.push_back(finish_number(number, counts, spec.missing));
    fitted.numbers.back().source = source(number.column);
  };
  for (size_t i = 0; i < plan.categories.size(); ++i) add_category(plan.categories[i], state.categories[i]);
  for (size_t i = 0; i < plan.numbers.size(); ++i) add_number(plan.numbers[i], state.numbers[i]);
  for (size_t i = 0; i < plan.open.size(); ++i) {
    const CategoryState& counts = state.categories[plan.categories.size() + i];
    if (counts.too_many)
      add_number(plan.open[i].number, state.numbers[plan.numbers.size() + i]);
    else
      add_category(plan.open[i].category, counts);
  }
  std::ranges::stable_partition(fitted.categories, &CategoryFit::coded);
  for (size_t c = 0; c < fitted.categories.size(); ++c)
    if (fitted.categories[c].frequency)
      fitted.frequencies.push_back(finish_frequency(c, fitted.categories[c], fitted.rows, spec.scale));
  for (size_t m = 0; m < plan.means.size(); ++m) {
    fitted.means.push_back(finish_mean(plan.means[m], state.means[m], spec.scale));
    for (const size_t column : plan.means[m].by) fitted.means.back().by.push_back(source(column));
  }
  if (state.bad > 0)
    out.warnings.push_back(counted(state.bad, "training row") + " cannot be read: nothing is learnt there");
  for (std::string& note : fitted.notes()) out.warnings.push_back(std::move(note));
  return out;
}

std::vector<std::string> find_leaks(const TableSpec& spec, const ColumnPlan& plan, const io::TableSchema& schema,
                                    const FitState& state) {
  // Few rows agree by chance.
  constexpr uint64_t kLeastRows = 20;
  constexpr double kSame = 0.99995;
  std::vector<std::string> out;
  const auto name = [&](size_t column) { return "'" + schema.columns()[column].name + "'"; };
  const auto number = [&](size_t column, const NumberState& counts) {
    if (counts.moments.count < kLeastRows || spec.task == Task::kClasses) return;
    if (counts.differs == 0)
      out.push_back("leak: column " + name(column) + " equals the target '" + spec.target + "' in every training row");
    else if (std::fabs(counts.moments.correlation()) > kSame)
      out.push_back("leak: column " + name(column) + " moves with the target '" + spec.target +
                    "' so closely that it gives it away");
  };
  for (size_t i = 0; i < plan.numbers.size(); ++i) number(plan.numbers[i].column, state.numbers[i]);
  for (size_t i = 0; i < plan.open.size(); ++i)
    number(plan.open[i].number.column, state.numbers[plan.numbers.size() + i]);
  const auto category = [&](size_t column, const ValueCounts& values) {
    uint64_t rows = 0;
    double first = 0;
    bool several = false;
    for (const ValueCounts::Entry& entry : values.entries()) {
      if (entry.count < 2) continue;  // alone, a value always agrees with itself
      if (entry.varies) return;
      if (rows == 0) first = entry.target;
      several = several || entry.target != first;
      rows += entry.count;
    }
    if (several && rows >= kLeastRows && 2 * rows >= state.rows)
      out.push_back("leak: each value of column " + name(column) + " has one target '" + spec.target + "' over " +
                    std::to_string(rows) + " training rows");
  };
  for (size_t i = 0; i < plan.categories.size(); ++i) category(plan.categories[i].column, state.categories[i].values);
  for (size_t i = 0; i < plan.open.size(); ++i)
    category(plan.open[i].category.column, state.categories[plan.categories.size() + i].values);
  return out;
}

}  // namespace penstock::table
