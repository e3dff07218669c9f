// What is learnt: the target of a row as a number or a class.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/table/table_block.h"
#include "stages/table/fitted.h"

namespace penstock::table {

/// The value of a cell as people write it: categories and classes are told apart by it. "" where missing.
std::string cell_text(const io::ColumnBlock& column, size_t row);

/// A row's target as it is learnt. Const members are thread-safe.
class TargetRule {
 public:
  /// `name` is the column's; `clips`: as training rows are.
  TargetRule(const TargetFit& target, std::string name, bool clips);

  /// Regression: transformed; binary: 0 or 1; classes: the class, 0 .. K - 1. NaN where the row has none: then `reason` says why.
  double value(const io::ColumnBlock& column, size_t row, std::string& reason) const;
  /// The same of values 0 and 1 of a binary target that none is missing of: true, and out[i] is row i's. Else false, and `out` means nothing.
  bool zeros_and_ones(const io::ColumnBlock& column, size_t rows, float* out) const;

 private:
  double number(const io::ColumnBlock& column, size_t row, std::string& reason) const;
  double scaled(double x) const;
  double binary(const io::ColumnBlock& column, size_t row, std::string& reason) const;
  double label(const io::ColumnBlock& column, size_t row, std::string& reason) const;

  const TargetFit target_;
  std::string name_;
  bool clips_;
  bool knows_negative_ =
      false;  ///< binary: training had one value beside the positive one, and no other can be told from it
  std::vector<std::pair<std::string, double>> classes_;  ///< sorted by text
};

}  // namespace penstock::table
