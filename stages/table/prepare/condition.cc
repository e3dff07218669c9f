#include "stages/table/prepare/condition.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/error.h"
#include "stages/table/prepare/calendar.h"

namespace penstock::table {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <class T>
bool reads_as(std::string_view text, T& value) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size();
}

}  // namespace

struct Condition::Parts {
  std::string_view column;
  Op op;
  std::string_view constant;
};

Condition::Parts Condition::parse(std::string_view text, std::string_view who) {
  static constexpr std::pair<std::string_view, Op> kOps[] = {
      {"!=", Op::kUnequal}, {"<=", Op::kLessEqual}, {">=", Op::kGreaterEqual}, {"==", Op::kEqual},
      {"=", Op::kEqual},    {"<", Op::kLess},       {">", Op::kGreater}};
  const size_t at = text.find_first_of("=!<>");
  if (at != std::string_view::npos) {
    for (const auto& [sign, op] : kOps) {
      if (!text.substr(at).starts_with(sign)) continue;
      Parts parts{trimmed(text.substr(0, at)), op, trimmed(text.substr(at + sign.size()))};
      if (parts.column.empty() || parts.constant.empty()) break;
      return parts;
    }
  }
  throw Error(Code::kUsage, std::string(who) + ": '" + std::string(text) + "' is no comparison")
      .hint("write a column, one of = != < <= > >=, and a constant: \"Sales > 0\"");
}

std::string Condition::column_named(std::string_view text, std::string_view who) {
  return std::string(parse(text, who).column);
}

Condition::Condition(std::string_view text, const Columns& columns, std::string_view who) : text_(text) {
  const Parts parts = parse(text_, who);
  column_ = columns.require(parts.column, who);
  op_ = parts.op;
  std::string_view constant = parts.constant;
  const bool quoted = constant.size() >= 2 && (constant.front() == '"' || constant.front() == '\'') &&
                      constant.back() == constant.front();
  if (quoted) constant = constant.substr(1, constant.size() - 2);
  bool good = true;
  const auto take = [&](std::optional<int64_t> value) {
    good = value.has_value();
    whole_ = value.value_or(0);
    as_whole_ = true;
  };
  const io::ColumnType type = columns[column_].spec.type;
  switch (type) {
    case io::ColumnType::kText: word_ = constant; break;
    case io::ColumnType::kDate: take(parse_days(constant)); break;
    case io::ColumnType::kTime: take(parse_seconds(constant)); break;
    case io::ColumnType::kBool:
      as_whole_ = true;
      whole_ = constant == "1" || constant == "true";
      good = whole_ != 0 || constant == "0" || constant == "false";
      break;
    case io::ColumnType::kInt: as_whole_ = reads_as(constant, whole_); [[fallthrough]];
    case io::ColumnType::kReal: good = as_whole_ || reads_as(constant, real_); break;
  }
  if (good) return;
  throw Error(Code::kUsage, std::string(who) + ": '" + std::string(constant) + "' in \"" + text_ + "\" is no " +
                                std::string(name_of(type)) + ", as column '" + columns[column_].spec.name + "' is")
      .hint("write it as the column's type, or change the type in the table's schema file");
}

template <class T>
bool Condition::compare(const T& value, const T& constant) const {
  switch (op_) {
    case Op::kEqual: return value == constant;
    case Op::kUnequal: return value != constant;
    case Op::kLess: return value < constant;
    case Op::kLessEqual: return value <= constant;
    case Op::kGreater: return value > constant;
    case Op::kGreaterEqual: return value >= constant;
  }
  return false;
}

bool Condition::holds(const Frame& frame, size_t row) const {
  const io::ColumnBlock& column = frame.columns[column_];
  if (missing_at(column, row)) return false;
  if (column.type == io::ColumnType::kText) return compare<std::string_view>(column.text(row), word_);
  if (as_whole_) return compare(column.ints[row], whole_);
  return compare(number_at(column, row), real_);
}

std::vector<Condition> conditions_of(const std::vector<std::string>& texts, const Columns& columns, std::string_view who,
                                     std::vector<size_t>& reads) {
  std::vector<Condition> all;
  for (const std::string& text : texts) {
    all.emplace_back(text, columns, who);
    reads.push_back(all.back().column());
  }
  return all;
}

bool all_hold(const std::vector<Condition>& conditions, const Frame& frame, size_t row) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) { return c.holds(frame, row); });
}

}  // namespace penstock::table
