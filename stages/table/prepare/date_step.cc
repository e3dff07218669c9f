// do = "date" and do = "make-date".
#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/error.h"
#include "stages/table/prepare/row_steps.h"

namespace penstock::table {
namespace {

const std::vector<std::pair<std::string_view, DatePart>>& part_names() {
  static const std::vector<std::pair<std::string_view, DatePart>> names = {
      {"year", DatePart::kYear},
      {"quarter", DatePart::kQuarter},
      {"month", DatePart::kMonth},
      {"week", DatePart::kWeek},
      {"day", DatePart::kDay},
      {"dayofweek", DatePart::kDayOfWeek},
      {"dayofyear", DatePart::kDayOfYear},
      {"month-start", DatePart::kMonthStart},
      {"month-end", DatePart::kMonthEnd},
      {"quarter-start", DatePart::kQuarterStart},
      {"quarter-end", DatePart::kQuarterEnd},
      {"year-start", DatePart::kYearStart},
      {"year-end", DatePart::kYearEnd},
      {"elapsed", DatePart::kElapsed},
      {"week-monday", DatePart::kWeekMonday},
      {"week-sunday", DatePart::kWeekSunday},
      {"hour", DatePart::kHour},
      {"minute", DatePart::kMinute},
  };
  return names;
}

// "month-start" in a column's name: "month_start".
std::string column_name(DatePart part) {
  const auto& names = part_names();
  std::string name(std::find_if(names.begin(), names.end(), [&](auto& n) { return n.second == part; })->first);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class DateStep final : public RowStep {
 public:
  DateStep(const DateParams& params, std::string title, Columns& columns)
      : RowStep(std::move(title)), parts_(params.parts) {
    const size_t at = read(columns, params.column);
    const io::ColumnType type = columns[at].spec.type;
    if (type != io::ColumnType::kDate && type != io::ColumnType::kTime)
      throw Error(Code::kUsage, title_ + " wants a date, and column '" + params.column + "' is " +
                                    std::string(io::name_of(type)))
          .hint("read it as a date first (do = \"text\", as = \"date\"), or say its type and format in the schema file");
    is_time_ = type == io::ColumnType::kTime;
    const std::string prefix = params.prefix.value_or(params.column + "_");
    for (const DatePart part : parts_) {
      const bool of_time = part == DatePart::kHour || part == DatePart::kMinute;
      if (of_time && !is_time_)
        throw Error(Code::kUsage, title_ + ": a date has no " + column_name(part) + ", and '" + params.column + "' is one");
      const PartType made = type_of(part);
      make(columns, prefix + column_name(part),
           made == PartType::kDate   ? io::ColumnType::kDate
           : made == PartType::kFlag ? io::ColumnType::kBool
                                     : io::ColumnType::kInt);
    }
  }

  void run(Frame& frame, StepCounts& counts) const override {
    const io::ColumnBlock& from = frame.columns[reads_[0]];
    std::vector<uint8_t> outside(frame.rows);
    for (size_t i = 0; i < parts_.size(); ++i) {
      io::ColumnBlock& out = frame.columns[makes_[i]];
      out = made_column(out.type, frame.rows);
      for (size_t row = 0; row < frame.rows; ++row) {
        if (frame.dropped[row]) continue;
        if (from.is_missing(row)) {
          set_missing(out, row);
          continue;
        }
        const int64_t at = from.ints[row];
        const int64_t days = is_time_ ? (at - (at % kSecondsOfDay + kSecondsOfDay) % kSecondsOfDay) / kSecondsOfDay : at;
        const auto part = part_of(parts_[i], days, is_time_ ? at - days * kSecondsOfDay : 0);
        if (!part) {
          outside[row] = 1;
          set_missing(out, row);
        } else {
          out.ints[row] = is_time_ && parts_[i] == DatePart::kElapsed ? at : *part;
        }
      }
    }
    counts.outside += static_cast<uint64_t>(std::count(outside.begin(), outside.end(), 1));
  }

 private:
  std::vector<DatePart> parts_;
  bool is_time_ = false;
};

class MakeDateStep final : public RowStep {
 public:
  MakeDateStep(const MakeDateParams& params, std::string title, Columns& columns)
      : RowStep(std::move(title)), by_week_(!params.week.empty()), day_(params.day) {
    if (params.month.empty() == params.week.empty())
      throw Error(Code::kUsage, title_ + " wants a column for `month` or one for `week`");
    read_number(columns, params.year, false);
    read_number(columns, by_week_ ? params.week : params.month, false);
    make(columns, params.name, io::ColumnType::kDate);
  }

  void run(Frame& frame, StepCounts& counts) const override {
    io::ColumnBlock& out = frame.columns[makes_[0]];
    out = made_column(out.type, frame.rows);
    for (size_t row = 0; row < frame.rows; ++row) {
      if (frame.dropped[row]) continue;
      const double year = number_at(frame.columns[reads_[0]], row), part = number_at(frame.columns[reads_[1]], row);
      if (year != year || part != part) {
        set_missing(out, row);
        continue;
      }
      // What lies outside of int64_t lies outside of the calendar too.
      const auto whole = [](double x) { return std::abs(x) < 1e6 && x == std::floor(x) ? static_cast<int64_t>(x) : -1; };
      const auto days = by_week_ ? days_of_week(whole(year), whole(part), day_) : days_of(whole(year), whole(part), day_);
      if (days) {
        out.ints[row] = *days;
      } else {
        ++counts.outside;
        set_missing(out, row);
      }
    }
  }

 private:
  bool by_week_;
  int64_t day_;
};

}  // namespace

void DateParams::describe(ParamTable<DateParams>& t) {
  WordsRule parts;
  for (const auto& [name, part] : part_names()) {
    parts.words.emplace_back(name);
    parts.codes.push_back(static_cast<int64_t>(part));
  }
  t.add("column", &DateParams::column, "a date or time", required(), not_empty());
  t.add("parts", &DateParams::parts,
        "what is made of it: int, starts and ends bool, the day on which its week began a date. dayofweek: Monday is 0; week: ISO 8601",
        required(), not_empty(), parts);
  t.add("prefix", &DateParams::prefix, "begins the new columns' names; default: the column and '_'");
}

void MakeDateParams::describe(ParamTable<MakeDateParams>& t) {
  t.add("name", &MakeDateParams::name, "of the new column", required(), not_empty());
  t.add("year", &MakeDateParams::year, "column with the year", required(), not_empty());
  t.add("month", &MakeDateParams::month, "column with the month");
  t.add("week", &MakeDateParams::week, "column with the ISO week");
  t.add("day", &MakeDateParams::day, "day of the month, or of the week: Monday is 1", in_range(1, 31));
}

BoundStep bind(const DateParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.row = std::make_unique<DateStep>(params, std::move(title), columns)};
}
BoundStep bind(const MakeDateParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.row = std::make_unique<MakeDateStep>(params, std::move(title), columns)};
}

}  // namespace penstock::table
