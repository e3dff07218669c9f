// do = "rolling" and do = "expanding".
#include <bit>
#include <charconv>
#include <utility>

#include "engine/base/error.h"
#include "stages/table/prepare/condition.h"
#include "stages/table/prepare/group_steps.h"
#include "stages/table/prepare/moments.h"

namespace penstock::table {
namespace {

constexpr int64_t kLongest = 1'000'000'000'000;

std::string_view name_of(Statistic statistic) {
  switch (statistic) {
    case Statistic::kMean: return "mean";
    case Statistic::kSum: return "sum";
    case Statistic::kMin: return "min";
    case Statistic::kMax: return "max";
    case Statistic::kStd: return "std";
    case Statistic::kCount: return "count";
  }
  return "";
}

// Which earlier rows a row sees. Times are at most kLongest apart from what int64_t can hold, else they saturate.
struct Window {
  int64_t lag = 1;     ///< at least
  int64_t length = 0;  ///< of time; 0: no bound
  uint64_t rows = 0;   ///< 0: no bound
};

int64_t earlier(int64_t time, int64_t by) { return time < INT64_MIN + by ? INT64_MIN : time - by; }

class StatisticState final : public GroupStep::State {
 public:
  StatisticState(Window window, const std::vector<Statistic>& stats) : window_(window), stats_(stats) {}

  void reset() override {
    pending_.clear();
    seen_.clear();
    total_ = {};
  }
  void next(int64_t time, bool has_value, uint64_t value, uint64_t* made, bool* missing) override {
    const int64_t end = earlier(time, window_.lag);
    const bool bounded = window_.length > 0 || window_.rows > 0;
    for (; !pending_.empty() && pending_.front().first <= end; pending_.pop_front()) {
      if (bounded) {
        seen_.push(pending_.front().first, pending_.front().second);
      } else {
        total_ += WindowMoments::of(pending_.front().second);
      }
    }
    if (window_.length > 0)
      while (!seen_.empty() && seen_.time() <= earlier(end, window_.length)) seen_.pop();
    if (window_.rows > 0)
      while (seen_.size() > window_.rows) seen_.pop();
    const WindowMoments all = bounded ? seen_.all() : total_;
    for (size_t i = 0; i < stats_.size(); ++i) put(stats_[i], all, made[i], missing[i]);
    if (has_value) pending_.emplace_back(time, std::bit_cast<double>(value));
  }

 private:
  static void put(Statistic statistic, const WindowMoments& all, uint64_t& made, bool& missing) {
    if (statistic == Statistic::kCount) {
      made = all.count;
      return;
    }
    missing = all.count < (statistic == Statistic::kStd ? 2 : 1);
    if (missing) return;
    double value = 0;
    switch (statistic) {
      case Statistic::kMean: value = all.mean; break;
      case Statistic::kSum: value = all.sum; break;
      case Statistic::kMin: value = all.min; break;
      case Statistic::kMax: value = all.max; break;
      case Statistic::kStd: value = std::sqrt(all.deviations / static_cast<double>(all.count - 1)); break;
      case Statistic::kCount: break;
    }
    made = std::bit_cast<uint64_t>(value);
  }

  Window window_;
  std::vector<Statistic> stats_;
  std::deque<std::pair<int64_t, double>> pending_;  ///< not yet old enough
  MomentsQueue seen_;
  WindowMoments total_;
};

class StatisticStep final : public GroupStep {
 public:
  StatisticStep(const ExpandingParams& params, std::string title, Columns& columns, const std::string& window,
                std::optional<uint64_t> rows, std::string_view base)
      : GroupStep(std::move(title)), stats_(params.stats) {
    column_ = read_number(columns, params.column, false);
    where_ = conditions_of(params.where, columns, title_, reads_);
    read_keys(columns, params.by, params.time);
    const io::ColumnType type = columns[time_].spec.type;
    if (!params.lag.empty()) window_.lag = std::max<int64_t>(1, units_of(params.lag, type, 0, "lag", title_));
    if (!window.empty()) window_.length = units_of(window, type, 1, "window", title_);
    window_.rows = rows.value_or(0);
    const std::string name = params.name.empty() ? params.column + "_" + std::string(base) : params.name;
    for (const Statistic statistic : stats_)
      make(columns, name + "_" + std::string(name_of(statistic)),
           statistic == Statistic::kCount ? io::ColumnType::kInt : io::ColumnType::kReal, 1);
  }

  std::unique_ptr<State> make_state() const override { return std::make_unique<StatisticState>(window_, stats_); }
  bool value_of(const Frame& frame, size_t row, uint64_t& value) const override {
    const double number = number_at(frame.columns[column_], row);
    if (!std::isfinite(number) || !all_hold(where_, frame, row)) return false;
    value = std::bit_cast<uint64_t>(number);
    return true;
  }

 private:
  std::vector<Statistic> stats_;
  size_t column_ = 0;
  std::vector<Condition> where_;
  Window window_;
};

}  // namespace

int64_t units_of(const std::string& span, io::ColumnType type, int64_t low, std::string_view what,
                 std::string_view who) {
  int64_t units = -1;
  if (type == io::ColumnType::kInt) {
    const auto [end, fault] = std::from_chars(span.data(), span.data() + span.size(), units);
    if (fault != std::errc() || end != span.data() + span.size()) units = -1;
  } else if (const auto duration = parse_duration(span)) {
    const double whole = duration->seconds / (type == io::ColumnType::kDate ? 86400 : 1);
    if (whole == std::floor(whole) && whole <= static_cast<double>(kLongest)) units = static_cast<int64_t>(whole);
  }
  if (units >= low && units <= kLongest) return units;
  throw Error(Code::kUsage,
              std::string(who) + ": `" + std::string(what) + "` = \"" + span + "\" is no span of the time column")
      .hint(type == io::ColumnType::kInt    ? "write a whole number, in the units of that int column"
            : type == io::ColumnType::kDate ? "write whole days: \"42d\""
                                            : "write a span of whole seconds: \"12h\"");
}

namespace {

template <class P>
void describe_statistics(ParamTable<P>& t) {
  t.add("column", &P::column, "a number", required(), not_empty());
  t.add("by", &P::by, "columns of the group; none: all rows are one");
  t.add("time", &P::time, "a date, time or int", required(), not_empty());
  t.add("lag", &P::lag, "how much older than the row a value must be at least: \"42d\". Without it, older at all");
  t.add("where", &P::where, "comparisons that a row passes to be counted");
  t.add("stats", &P::stats, "a column each: NAME_mean ...; std is of a sample", not_empty(),
        one_of<Statistic>({{"mean", Statistic::kMean},
                           {"sum", Statistic::kSum},
                           {"min", Statistic::kMin},
                           {"max", Statistic::kMax},
                           {"std", Statistic::kStd},
                           {"count", Statistic::kCount}}));
  t.add("name", &P::name, "begins the new columns' names; default: the column, and the window or \"past\"");
}

}  // namespace

void ExpandingParams::describe(ParamTable<ExpandingParams>& t) { describe_statistics(t); }

void RollingParams::describe(ParamTable<RollingParams>& t) {
  describe_statistics(t);
  t.add("window", &RollingParams::window, "how long it is: \"7d\" ends where `lag` begins");
  t.add("rows", &RollingParams::rows, "so many rows at most", at_least(1));
}

BoundStep bind(const ExpandingParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.group = std::make_unique<StatisticStep>(params, std::move(title), columns, "", std::nullopt, "past")};
}
BoundStep bind(const RollingParams& params, std::string title, Columns& columns, StepWorld&) {
  if (params.window.empty() && !params.rows)
    throw Error(Code::kUsage, title + " wants a `window` of time, or a number of `rows`");
  const std::string base = !params.window.empty() ? params.window : std::to_string(*params.rows) + "rows";
  return {.group =
              std::make_unique<StatisticStep>(params, std::move(title), columns, params.window, params.rows, base)};
}

}  // namespace penstock::table
