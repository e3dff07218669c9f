// do = "shift".
#include <bit>
#include <deque>
#include <utility>

#include "engine/base/error.h"
#include "stages/table/prepare/group_steps.h"

namespace penstock::table {
namespace {

struct Past {
  int64_t time;
  bool has_value;
  uint64_t value;
};

// Row `rows` before, among those of earlier times.
class RowsBack final : public GroupStep::State {
 public:
  explicit RowsBack(uint64_t rows) : rows_(rows) {}
  void reset() override {
    past_.clear();
    now_.clear();
  }
  void next(int64_t time, bool has_value, uint64_t value, uint64_t* made, bool* missing) override {
    if (!now_.empty() && now_.front().time != time) {
      for (const Past& row : now_) past_.push_back(row);
      now_.clear();
      while (past_.size() > rows_) past_.pop_front();
    }
    missing[0] = past_.size() < rows_ || !past_.front().has_value;
    if (!missing[0]) made[0] = past_.front().value;
    // Of many rows at one time, those that can be asked for are kept.
    now_.push_back({time, has_value, value});
    if (now_.size() > rows_) now_.pop_front();
  }

 private:
  uint64_t rows_;
  std::deque<Past> past_, now_;
};

// The last row at exactly `lag` before.
class TimeBack final : public GroupStep::State {
 public:
  explicit TimeBack(int64_t lag) : lag_(lag) {}
  void reset() override { past_.clear(); }
  void next(int64_t time, bool has_value, uint64_t value, uint64_t* made, bool* missing) override {
    const int64_t asked = time < INT64_MIN + lag_ ? INT64_MIN : time - lag_;
    while (!past_.empty() && past_.front().time < asked) past_.pop_front();
    missing[0] = past_.empty() || past_.front().time != asked || !past_.front().has_value;
    if (!missing[0]) made[0] = past_.front().value;
    if (!past_.empty() && past_.back().time == time) past_.pop_back();
    past_.push_back({time, has_value, value});
  }

 private:
  int64_t lag_;
  std::deque<Past> past_;
};

class ShiftStep final : public GroupStep {
 public:
  ShiftStep(const ShiftParams& params, std::string title, Columns& columns) : GroupStep(std::move(title)) {
    if (params.rows.has_value() == !params.lag.empty())
      throw Error(Code::kUsage, title_ + " wants one of `rows` and `lag`");
    column_ = read(columns, params.column);
    type_ = columns[column_].spec.type;
    if (type_ == io::ColumnType::kText)
      throw Error(Code::kUsage, title_ + " shifts numbers, dates and bools, and column '" + params.column + "' is text")
          .hint("make a number of it before");
    read_keys(columns, params.by, params.time);
    rows_ = params.rows.value_or(0);
    if (!params.lag.empty()) lag_ = units_of(params.lag, columns[time_].spec.type, 1, "lag", title_);
    make(columns, params.name.empty() ? params.column + "_" + (rows_ > 0 ? std::to_string(rows_) + "rows" : params.lag) + "_ago"
                                      : params.name,
         type_, 1);
  }

  std::unique_ptr<State> make_state() const override {
    if (rows_ > 0) return std::make_unique<RowsBack>(rows_);
    return std::make_unique<TimeBack>(lag_);
  }
  bool value_of(const Frame& frame, size_t row, uint64_t& value) const override {
    const io::ColumnBlock& column = frame.columns[column_];
    if (missing_at(column, row)) return false;
    value = type_ == io::ColumnType::kReal ? std::bit_cast<uint64_t>(column.reals[row])
                                           : static_cast<uint64_t>(column.ints[row]);
    return true;
  }

 private:
  size_t column_ = 0;
  io::ColumnType type_ = io::ColumnType::kInt;
  uint64_t rows_ = 0;
  int64_t lag_ = 0;
};

}  // namespace

void ShiftParams::describe(ParamTable<ShiftParams>& t) {
  using P = ShiftParams;
  t.add("column", &P::column, "a number, date, time or bool", required(), not_empty());
  t.add("by", &P::by, "columns of the group; none: all rows are one");
  t.add("time", &P::time, "a date, time or int", required(), not_empty());
  t.add("rows", &P::rows, "so many rows back, of earlier times", in_range(1, 1 << 20));
  t.add("lag", &P::lag, "or exactly so long ago: \"364d\"");
  t.add("name", &P::name, "of the new column; default: the column and how far back");
}

BoundStep bind(const ShiftParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.group = std::make_unique<ShiftStep>(params, std::move(title), columns)};
}

}  // namespace penstock::table
