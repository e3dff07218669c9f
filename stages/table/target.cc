#include "stages/table/target.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "stages/table/fixed_log.h"

namespace penstock::table {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double as_number(const io::ColumnBlock& column, size_t row) {
  return column.type == io::ColumnType::kReal ? column.reals[row] : static_cast<double>(column.ints[row]);
}

}  // namespace

std::string cell_text(const io::ColumnBlock& column, size_t row) {
  if (column.is_missing(row)) return {};
  if (column.type == io::ColumnType::kText) return std::string(column.text(row));
  if (column.type == io::ColumnType::kBool) return column.ints[row] != 0 ? "true" : "false";
  char room[32];
  const auto end = column.type == io::ColumnType::kReal
                       ? std::to_chars(room, room + sizeof room, column.reals[row] + 0.0).ptr
                       : std::to_chars(room, room + sizeof room, column.ints[row]).ptr;
  return {room, end};
}

TargetRule::TargetRule(const TargetFit& target, std::string name, bool clips)
    : target_(target), name_(std::move(name)), clips_(clips && target.clip.size() == 2) {
  for (size_t i = 0; i < target_.classes.size(); ++i)
    classes_.emplace_back(target_.classes[i].text, static_cast<double>(i));
  std::sort(classes_.begin(), classes_.end());
  knows_negative_ = target_.task == Task::kBinary && !target_.positive.empty() && target_.classes.size() == 2 &&
                    target_.classes[0].text != "not " + target_.positive;
}

double TargetRule::value(const io::ColumnBlock& column, size_t row, std::string& reason) const {
  if (column.is_missing(row)) {
    reason = "its target '" + name_ + "' is missing";
    return kNan;
  }
  switch (target_.task) {
    case Task::kRegression: return number(column, row, reason);
    case Task::kBinary: return binary(column, row, reason);
    case Task::kClasses: break;
  }
  return label(column, row, reason);
}

double TargetRule::number(const io::ColumnBlock& column, size_t row, std::string& reason) const {
  double x = as_number(column, row);
  if (!std::isfinite(x)) {
    reason = "its target '" + name_ + "' is " + (std::isnan(x) ? "no number" : "infinite");
    return kNan;
  }
  if (clips_) x = std::clamp(x, target_.clip[0], target_.clip[1]);
  if (target_.log == TargetLog::kNone) return scaled(x);
  if (target_.log == TargetLog::kLog1p) x += 1;
  if (!(x > 0)) {
    reason = "its target '" + name_ + "' is " + cell_text(column, row) + ", which has no logarithm";
    return kNan;
  }
  return scaled(fixed_log(x));
}

double TargetRule::scaled(double x) const { return target_.scaled ? (x - target_.mean) / target_.deviation : x; }

double TargetRule::binary(const io::ColumnBlock& column, size_t row, std::string& reason) const {
  if (!target_.positive.empty()) {
    const std::string text = cell_text(column, row);
    if (text == target_.positive) return 1;
    if (!knows_negative_ || text == target_.classes[0].text) return 0;
    reason = "its target '" + name_ + "' is '" + text + "', and training knew '" + target_.positive + "' and '" +
             target_.classes[0].text + "'";
    return kNan;
  }
  const double x = as_number(column, row);
  if (x == 0 || x == 1) return x;
  reason = "its target '" + name_ + "' is " + cell_text(column, row) + ", neither 0 nor 1";
  return kNan;
}

bool TargetRule::zeros_and_ones(const io::ColumnBlock& column, size_t rows, float* out) const {
  if (target_.task != Task::kBinary || !target_.positive.empty() || !column.missing.empty() ||
      column.ints.size() != rows)
    return false;
  uint64_t all = 0;
  for (size_t i = 0; i < rows; ++i) {
    all |= static_cast<uint64_t>(column.ints[i]);
    out[i] = static_cast<float>(column.ints[i]);
  }
  return all <= 1;
}

double TargetRule::label(const io::ColumnBlock& column, size_t row, std::string& reason) const {
  const std::string text = cell_text(column, row);
  const auto it = std::lower_bound(classes_.begin(), classes_.end(), text,
                                   [](const auto& known, const std::string& t) { return known.first < t; });
  if (it != classes_.end() && it->first == text) return it->second;
  reason = "its class '" + text + "' (column '" + name_ + "') was not seen in training";
  return kNan;
}

}  // namespace penstock::table
