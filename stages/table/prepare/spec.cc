#include "stages/table/prepare/spec.h"

#include "engine/base/error.h"
#include "stages/table/prepare/step.h"

namespace penstock::table {

void PrepareSpec::describe(ParamTable<PrepareSpec>& t) {
  t.add("table", &PrepareSpec::table, "the file to prepare, where --data names a folder");
  t.add("step", &PrepareSpec::steps, "what is made of the rows, in order: joins, dates, events, statistics");
  t.add("where", &PrepareSpec::where, "comparisons such as \"Sales > 0\" that the rows pass, after all steps");
  t.add("keep", &PrepareSpec::keep, "columns of the result; default: all");
  t.add("drop", &PrepareSpec::drop, "columns that the result does without");
}

}  // namespace penstock::table

namespace penstock {

table::PrepareStep ParamCodec<table::PrepareStep>::read(const Value& value, const ParamRules& rules,
                                                        const ParamSite& site) {
  const ValueMap* given = value.get_if<ValueMap>();
  if (given == nullptr) fail_value(value, one(), rules, site);
  table::PrepareStep step{.kind = {}, .params = *given, .where = value.where};
  const auto kind = step.params.find("do");
  if (kind == step.params.end()) fail_missing("do", "what the step does", site.path, value.where);
  const std::string* word = kind->second.get_if<std::string>();
  const ParamSite at = ParamSite::of(site.path, "do", kind->second.where);
  if (word == nullptr) fail_value(kind->second, "a string", {}, at);
  step.kind = *word;
  step.params.erase(kind);
  step.params = table::step_kind(step.kind, value.where).resolve(step.params, site.path, value.where);
  return step;
}

std::optional<Value> ParamCodec<table::PrepareStep>::write(const table::PrepareStep& step, const ParamRules&) {
  ValueMap map = step.params;
  map.emplace("do", step.kind);
  return Value(std::move(map));
}

}  // namespace penstock
