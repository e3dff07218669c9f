// "Sales > 0": a column compared with a constant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/table/prepare/frame.h"

namespace penstock::table {

/// A column, an operator (=, !=, <, <=, >, >=) and a constant as the column's type wants it: a number, true or false, a date as 2015-07-31, or
/// text, in quotes where it has spaces around it. A missing value never holds, not even for !=. Const members are thread-safe.
class Condition {
 public:
  /// Throws Error kUsage where the text is no comparison, there is no such column or the constant is none of its type; `who` asks.
  Condition(std::string_view text, const Columns& columns, std::string_view who);

  /// The name on the left of a comparison; throws as the constructor does where it is none.
  static std::string column_named(std::string_view text, std::string_view who);

  size_t column() const { return column_; }
  const std::string& text() const { return text_; }
  bool holds(const Frame& frame, size_t row) const;

 private:
  enum class Op { kEqual, kUnequal, kLess, kLessEqual, kGreater, kGreaterEqual };
  struct Parts;
  static Parts parse(std::string_view text, std::string_view who);
  template <class T>
  bool compare(const T& value, const T& constant) const;

  std::string text_;
  size_t column_ = 0;
  Op op_ = Op::kEqual;
  bool as_whole_ = false;
  int64_t whole_ = 0;
  double real_ = 0;
  std::string word_;
};

/// All of them; the columns they read are added to `reads`.
std::vector<Condition> conditions_of(const std::vector<std::string>& texts, const Columns& columns, std::string_view who,
                                     std::vector<size_t>& reads);
bool all_hold(const std::vector<Condition>& conditions, const Frame& frame, size_t row);

}  // namespace penstock::table
