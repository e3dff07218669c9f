// do = "compute" and do = "bucket".
#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/error.h"
#include "stages/table/prepare/row_steps.h"

namespace penstock::table {
namespace {

bool is_unary(ComputeOp op) { return op == ComputeOp::kLog || op == ComputeOp::kLog1p || op == ComputeOp::kAbs; }

class ComputeStep final : public RowStep {
 public:
  ComputeStep(const ComputeParams& params, std::string title, Columns& columns)
      : RowStep(std::move(title)), params_(params) {
    if (is_unary(params.op) && (params.number || !params.right.empty()))
      throw Error(Code::kUsage, title_ + " takes one column, and `right` or `number` names another");
    if (!is_unary(params.op) && params.number.has_value() == !params.right.empty())
      throw Error(Code::kUsage, title_ + " wants a column for `right`, or a `number`");
    const size_t left = read_number(columns, params.left, params.op == ComputeOp::kDifference && !params.number);
    const io::ColumnType type = columns[left].spec.type;
    const bool dates = type == io::ColumnType::kDate || type == io::ColumnType::kTime;
    if (!params.right.empty()) {
      const size_t right = read_number(columns, params.right, dates);
      const io::ColumnType other = columns[right].spec.type;
      if (dates && other != type)
        throw Error(Code::kUsage, title_ + " wants two dates or two times, and '" + params.left + "' is " +
                                      std::string(io::name_of(type)) + ", '" + params.right + "' " +
                                      std::string(io::name_of(other)));
    }
    whole_ = dates && !params.low && !params.high;
    make(columns, params.name, whole_ ? io::ColumnType::kInt : io::ColumnType::kReal);
  }

  void run(Frame& frame, StepCounts& counts) const override {
    io::ColumnBlock& out = frame.columns[makes_[0]];
    out = made_column(out.type, frame.rows);
    const io::ColumnBlock& left = frame.columns[reads_[0]];
    const io::ColumnBlock* right = reads_.size() > 1 ? &frame.columns[reads_[1]] : nullptr;
    for (size_t row = 0; row < frame.rows; ++row) {
      if (frame.dropped[row]) continue;
      if (missing_at(left, row) || (right != nullptr && missing_at(*right, row))) {
        set_missing(out, row);
        continue;
      }
      const double b = right != nullptr ? number_at(*right, row) : params_.number.value_or(0);
      double value = apply(number_at(left, row), b);
      if (params_.floor) value = std::floor(value);
      if (!std::isfinite(value)) {
        ++counts.outside;
        set_missing(out, row);
        continue;
      }
      if (params_.low) value = std::max(value, *params_.low);
      if (params_.high) value = std::min(value, *params_.high);
      if (whole_) {
        // Modulo 2^64: times near its ends are nonsense, and no reason to stop.
        out.ints[row] = static_cast<int64_t>(static_cast<uint64_t>(left.ints[row]) - static_cast<uint64_t>(right->ints[row]));
      } else {
        out.reals[row] = value;
      }
    }
  }

 private:
  double apply(double a, double b) const {
    switch (params_.op) {
      case ComputeOp::kSum: return a + b;
      case ComputeOp::kDifference: return a - b;
      case ComputeOp::kProduct: return a * b;
      case ComputeOp::kRatio: return b == 0 ? std::numeric_limits<double>::quiet_NaN() : a / b;
      case ComputeOp::kMin: return std::min(a, b);
      case ComputeOp::kMax: return std::max(a, b);
      case ComputeOp::kLog: return std::log(a);
      case ComputeOp::kLog1p: return std::log1p(a);
      case ComputeOp::kAbs: return std::abs(a);
    }
    return 0;
  }

  ComputeParams params_;
  bool whole_ = false;
};

class BucketStep final : public RowStep {
 public:
  BucketStep(const BucketParams& params, std::string title, Columns& columns)
      : RowStep(std::move(title)), edges_(params.edges) {
    if (std::adjacent_find(edges_.begin(), edges_.end(), std::greater_equal<>()) != edges_.end())
      throw Error(Code::kUsage, title_ + " wants edges that rise");
    read_number(columns, params.column, false);
    make(columns, params.name, io::ColumnType::kInt);
  }

  void run(Frame& frame, StepCounts&) const override {
    io::ColumnBlock& out = frame.columns[makes_[0]];
    out = made_column(out.type, frame.rows);
    for (size_t row = 0; row < frame.rows; ++row) {
      if (frame.dropped[row]) continue;
      const double value = number_at(frame.columns[reads_[0]], row);
      if (value != value) {
        set_missing(out, row);
      } else {
        out.ints[row] = std::upper_bound(edges_.begin(), edges_.end(), value) - edges_.begin();
      }
    }
  }

 private:
  std::vector<double> edges_;
};

}  // namespace

void ComputeParams::describe(ParamTable<ComputeParams>& t) {
  using P = ComputeParams;
  t.add("name", &P::name, "of the new column", required(), not_empty());
  t.add("left", &P::left, "a column", required(), not_empty());
  t.add("op", &P::op, "of the two; log, log1p and abs take left alone. The difference of dates is in days",
        one_of<ComputeOp>({{"sum", ComputeOp::kSum},
                           {"difference", ComputeOp::kDifference},
                           {"product", ComputeOp::kProduct},
                           {"ratio", ComputeOp::kRatio},
                           {"min", ComputeOp::kMin},
                           {"max", ComputeOp::kMax},
                           {"log", ComputeOp::kLog},
                           {"log1p", ComputeOp::kLog1p},
                           {"abs", ComputeOp::kAbs}}));
  t.add("right", &P::right, "a column");
  t.add("number", &P::number, "a number in place of `right`");
  t.add("floor", &P::floor, "rounded down");
  t.add("low", &P::low, "clipped: at least this");
  t.add("high", &P::high, "clipped: at most this");
}

void BucketParams::describe(ParamTable<BucketParams>& t) {
  t.add("column", &BucketParams::column, "a number", required(), not_empty());
  t.add("name", &BucketParams::name, "of the new column", required(), not_empty());
  t.add("edges", &BucketParams::edges, "rising; the result is how many of them the number reaches", required(), not_empty());
}

BoundStep bind(const ComputeParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.row = std::make_unique<ComputeStep>(params, std::move(title), columns)};
}
BoundStep bind(const BucketParams& params, std::string title, Columns& columns, StepWorld&) {
  return {.row = std::make_unique<BucketStep>(params, std::move(title), columns)};
}

}  // namespace penstock::table
