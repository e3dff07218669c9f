// What a data set of rows says of itself, so that a network or trees can be made for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/target.h"

namespace penstock::io {

/// A column of the field `cat`: codes 0 .. cardinality - 1, where 0 stands for what is missing or was not known when codes were given.
struct CategoryField {
  std::string name;
  int64_t cardinality = 1;
  bool operator==(const CategoryField&) const = default;
};

/// The records of such a data set are rows with the fields
///   cat i32 (N, C)     codes, in the order of `categories`; left out where C = 0
///   cont f32 (N, D)    in the order of `numbers`; left out where D = 0
///   label i64 (N)      where `task` is kClasses: the class's place in Dataset::class_names()
///   target f32 (N)     else: 0 or 1, or a transformed number; NaN where it is not known
struct TableFields {
  std::vector<CategoryField> categories;
  std::vector<std::string> numbers;
  std::string target;  ///< the column that is predicted
  Task task = Task::kRegression;
  TargetTransform transform;  ///< of kRegression: what `target` went through
  bool operator==(const TableFields&) const = default;
};

}  // namespace penstock::io
