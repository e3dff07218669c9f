// [prepare]: what happens to a table before its rows are encoded, as a recipe says it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/graph/params.h"

namespace penstock::table {

/// One [[prepare.step]]: what it does, and the parameters of that (checked when it is read; see step.h for the list).
struct PrepareStep {
  std::string kind;  ///< "join", "date", ...
  ParamMap params;
  Where where = {};
  bool operator==(const PrepareStep& other) const { return kind == other.kind && params == other.params; }
};

/// A plain value.
struct PrepareSpec {
  std::string table;               ///< the file to prepare where the data is named as a folder
  std::vector<PrepareStep> steps;  ///< in order: a step sees what those above it made
  std::vector<std::string> where;  ///< comparisons (condition.h) that rows of the result pass, all of them
  std::vector<std::string> keep, drop;  ///< columns of the result; at most one of the two. None: all
  static void describe(ParamTable<PrepareSpec>& t);
  bool operator==(const PrepareSpec&) const = default;
  bool empty() const { return *this == PrepareSpec{}; }
};

}  // namespace penstock::table

namespace penstock {

/// { do = "date", column = "Date", ... }: all keys but `do` are the step's own. Unknown steps, keys and values are Error kUsage by name.
template <>
struct ParamCodec<table::PrepareStep> {
  static std::string one() { return "a table"; }
  static std::string many() { return "tables"; }
  static table::PrepareStep read(const Value& value, const ParamRules& rules, const ParamSite& site);
  static std::optional<Value> write(const table::PrepareStep& step, const ParamRules& rules);
};

}  // namespace penstock
