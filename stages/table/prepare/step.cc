#include "stages/table/prepare/step.h"

#include <algorithm>

#include "engine/base/error.h"

namespace penstock::table {

StepCounts& StepCounts::operator+=(const StepCounts& other) {
  never += other.never;
  twice += other.twice;
  dropped += other.dropped;
  unreadable += other.unreadable;
  outside += other.outside;
  no_key += other.no_key;
  return *this;
}

std::string StepCounts::text() const {
  std::string all;
  const auto tell = [&](uint64_t count, std::string_view one, std::string_view what) {
    if (count == 0) return;
    all += (all.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s") +
           std::string(what);
  };
  tell(never, "row", " found no partner");
  tell(twice, "row", " of the joined file with a key that came before");
  tell(dropped, "row", " left out");
  tell(unreadable, "text", " could not be read, and so missing");
  tell(outside, "value", " out of range, and so missing");
  tell(no_key, "row", " without group or time");
  return all.empty() ? all : step + ": " + all;
}

size_t Step::read(const Columns& columns, std::string_view name) {
  reads_.push_back(columns.require(name, title_));
  return reads_.back();
}

size_t Step::read_number(const Columns& columns, std::string_view name, bool dates) {
  const size_t at = read(columns, name);
  const io::ColumnType type = columns[at].spec.type;
  const bool is_date = type == io::ColumnType::kDate || type == io::ColumnType::kTime;
  if (type != io::ColumnType::kText && (dates || !is_date)) return at;
  throw Error(Code::kUsage,
              title_ + " wants a number, and column '" + std::string(name) + "' is " + std::string(io::name_of(type)))
      .hint(is_date
                ? "take the difference of two dates first (do = \"compute\")"
                : "read it as a number first (do = \"text\", as = \"real\"), or change its type in the schema file");
}

void Step::make(Columns& columns, std::string name, io::ColumnType type, unsigned passes) {
  if (makes_.empty()) first_made_ = name;
  made_ = " of '" + first_made_ + "'" + (makes_.empty() ? "" : " and " + std::to_string(makes_.size()) + " more");
  Columns::Column made{{std::move(name), type}};
  for (const size_t at : reads_) {
    made.level = std::max(made.level, columns[at].level);
    made.from_target = made.from_target || columns[at].from_target;
  }
  made.level += passes;
  makes_.push_back(columns.add(std::move(made), title_));
}

void GroupStep::read_keys(const Columns& columns, const std::vector<std::string>& by, std::string_view time) {
  for (const std::string& name : by) by_.push_back(read(columns, name));
  time_ = read(columns, time);
  const io::ColumnType type = columns[time_].spec.type;
  if (type != io::ColumnType::kText && type != io::ColumnType::kReal && type != io::ColumnType::kBool) return;
  throw Error(Code::kUsage,
              title_ + " wants a time, and column '" + std::string(time) + "' is " + std::string(io::name_of(type)))
      .hint("a date, a time or an int will do; read a text as a date first (do = \"text\", as = \"date\")");
}

std::vector<BoundStep> bind_steps(const std::vector<PrepareStep>& steps, Columns& columns, StepWorld& world,
                                  const std::string& prefix) {
  std::vector<BoundStep> bound;
  for (size_t i = 0; i < steps.size(); ++i) {
    const PrepareStep& step = steps[i];
    const std::string title = prefix + "step " + std::to_string(i + 1) + " (" + step.kind + ")";
    try {
      bound.push_back(step_kind(step.kind, step.where).bind(step.params, title, columns, world));
    } catch (Error& e) {
      const std::string where = step.where.text();
      throw where.empty() ? e : e.add("preparing as " + where + " says");
    }
  }
  return bound;
}

}  // namespace penstock::table
