#include "stages/table/column_plan.h"

#include <algorithm>
#include <set>

#include "engine/base/error.h"

namespace penstock::table {
namespace {

using io::ColumnType;

bool is_pattern(const std::string& name) { return name.find_first_of("*?") != std::string::npos; }

class Planner {
 public:
  Planner(const TableSpec& spec, const io::TableSchema& schema, const std::string& where)
      : spec_(spec), schema_(schema), where_(where), uses_(schema.size(), 0) {}

  ColumnPlan plan() {
    check(spec_);
    plan_.target = require(spec_.target, "table.target");
    mark(spec_.ignore, kIgnored, "table.ignore");
    for (const ColumnOverride& column : spec_.columns) {
      const size_t at = require(column.name, "[[table.column]]");
      if (column.use == Use::kIgnore) uses_[at] |= kIgnored;
    }
    refuse_target();
    mark(spec_.categories, kCategory, "table.categories");
    mark(spec_.numbers, kNumber, "table.numbers");
    for (const ColumnOverride& column : spec_.columns) {
      const size_t at = schema_.index_of(column.name);
      if (column.use == Use::kCategory) use(at, kCategory, true);
      if (column.use == Use::kNumber) use(at, kNumber, true);
    }
    find_frequencies();
    settle_rest();
    for (const size_t column : ordered(spec_.categories, kCategory)) plan_.categories.push_back(category(column));
    for (const size_t column : ordered(spec_.numbers, kNumber)) plan_.numbers.push_back(number(column));
    for (const size_t column : open_) plan_.open.push_back({category(column), number(column)});
    add_frequencies();
    add_means();
    if (plan_.categories.empty() && plan_.numbers.empty() && plan_.open.empty() && plan_.means.empty())
      throw Error(Code::kUsage, "[table] names no column to learn from in '" + where_ + "'")
          .hint("categories = [...], numbers = [...], or rest = \"auto\"; the columns are: " + schema_.text());
    list_columns();
    return std::move(plan_);
  }

 private:
  enum : uint8_t { kIgnored = 1, kCategory = 2, kNumber = 4, kNamed = 8 };

  size_t require(const std::string& name, const std::string& who) const { return schema_.require(name, who, where_); }
  [[noreturn]] void refuse(const std::string& what, const std::string& hint) const {
    throw Error(Code::kUsage, what + " ('" + where_ + "')").hint(hint);
  }

  void refuse_target() const {
    for (const auto* list : {&spec_.categories, &spec_.numbers, &spec_.frequency})
      if (std::ranges::find(*list, spec_.target) != list->end())
        refuse("the target '" + spec_.target + "' is named among the features", "take it out of that list of [table]");
    for (const MeanSpec& mean : spec_.means)
      if (std::ranges::find(mean.by, spec_.target) != mean.by.end())
        refuse("table.means groups by the target '" + spec_.target + "'", "group by columns that are known ahead");
  }

  // A name in both lists is refused; a pattern takes what nobody names.
  void use(size_t column, uint8_t as, bool named) {
    uint8_t& uses = uses_[column];
    const std::string& name = schema_.columns()[column].name;
    if ((uses & kIgnored) != 0 && as != kIgnored) return;
    if (as == kIgnored) {
      uses |= kIgnored;
      return;
    }
    const auto other = static_cast<uint8_t>(as ^ (kCategory | kNumber));
    if ((uses & other) != 0) {
      if (named && (uses & kNamed) != 0 && !is_overridden(column))
        refuse("column '" + name + "' is in table.categories and in table.numbers", "leave it in one of them");
      if (!named && (uses & kNamed) != 0) return;
      if (!named)
        refuse("patterns of table.categories and table.numbers both fit column '" + name + "'",
               "name it in one of them, or in ignore");
    }
    uses = static_cast<uint8_t>(as | (named ? kNamed : uses & kNamed));
  }
  bool is_overridden(size_t column) const {
    return std::ranges::any_of(spec_.columns, [&](const ColumnOverride& o) {
      return o.name == schema_.columns()[column].name && o.use.has_value();
    });
  }

  void mark(const std::vector<std::string>& names, uint8_t as, const std::string& who) {
    // Names before patterns, whatever their order: they win.
    for (const std::string& name : names)
      if (!is_pattern(name)) use(require(name, who), as, true);
    for (const std::string& name : names) {
      if (!is_pattern(name)) continue;
      bool any = false;
      for (size_t c = 0; c < schema_.size(); ++c) {
        if (!glob_matches(name, schema_.columns()[c].name)) continue;
        any = true;
        if (c != plan_.target && !is_named(c, as)) use(c, as, false);
      }
      if (!any) refuse_pattern(name, who);
    }
  }
  // Whether a list that is read later names the column.
  bool is_named(size_t column, uint8_t as) const {
    const std::string& name = schema_.columns()[column].name;
    const auto& other = as == kCategory ? spec_.numbers : spec_.categories;
    return as != kIgnored && std::ranges::find(other, name) != other.end();
  }

  // A pattern leaves out the target and what is ignored; a name is taken as it is.
  void find_frequencies() {
    for (const std::string& name : spec_.frequency) {
      if (!is_pattern(name)) {
        frequency_.push_back(require(name, "table.frequency"));
        continue;
      }
      bool any = false;
      for (size_t c = 0; c < schema_.size(); ++c) {
        if (!glob_matches(name, schema_.columns()[c].name)) continue;
        any = true;
        if (c != plan_.target && (uses_[c] & kIgnored) == 0 && !has_frequency(c)) frequency_.push_back(c);
      }
      if (!any) refuse_pattern(name, "table.frequency");
    }
  }
  bool has_frequency(size_t column) const { return std::ranges::find(frequency_, column) != frequency_.end(); }
  [[noreturn]] void refuse_pattern(const std::string& pattern, const std::string& who) const {
    refuse("no column fits the pattern '" + pattern + "' of " + who, "the columns are: " + schema_.text());
  }

  void settle_rest() {
    std::string left;
    for (size_t c = 0; c < schema_.size(); ++c) {
      if (uses_[c] != 0 || c == plan_.target) continue;
      const io::ColumnSpec& column = schema_.columns()[c];
      if (spec_.rest == Rest::kFail && !has_frequency(c)) left += (left.empty() ? "'" : ", '") + column.name + "'";
      if (spec_.rest != Rest::kAuto) continue;
      if (column.type == ColumnType::kText || column.type == ColumnType::kBool) use(c, kCategory, true);
      if (column.type == ColumnType::kReal || column.type == ColumnType::kDate || column.type == ColumnType::kTime)
        use(c, kNumber, true);
      if (column.type == ColumnType::kInt) open_.push_back(c);
    }
    if (!left.empty())
      refuse("columns that no list of [table] names: " + left,
             "add them to categories, numbers or ignore; or rest = \"ignore\"");
  }

  // Names of the list in its order, then what came by patterns or by the rest, in the order of the table.
  std::vector<size_t> ordered(const std::vector<std::string>& names, uint8_t as) const {
    std::vector<size_t> out;
    const auto add = [&](size_t c) {
      if ((uses_[c] & as) != 0 && (uses_[c] & kIgnored) == 0 && std::ranges::find(out, c) == out.end())
        out.push_back(c);
    };
    for (const std::string& name : names)
      for (size_t c = 0; c < schema_.size(); ++c)
        if (is_pattern(name) ? glob_matches(name, schema_.columns()[c].name) : schema_.columns()[c].name == name)
          add(c);
    for (size_t c = 0; c < schema_.size(); ++c) add(c);
    return out;
  }

  const ColumnOverride* override_of(size_t column) const {
    const auto it = std::ranges::find(spec_.columns, schema_.columns()[column].name, &ColumnOverride::name);
    return it == spec_.columns.end() ? nullptr : &*it;
  }
  CategoryPlan category(size_t column) const {
    CategoryPlan plan{.column = column, .rare = spec_.rare, .most = spec_.most, .buckets = spec_.buckets};
    if (const ColumnOverride* o = override_of(column)) {
      plan.rare = o->rare.value_or(plan.rare);
      plan.most = o->most.value_or(plan.most);
      plan.buckets = o->buckets.value_or(plan.buckets);
    }
    return plan;
  }
  NumberPlan number(size_t column) const {
    const io::ColumnSpec& of = schema_.columns()[column];
    if (of.type == ColumnType::kText)
      refuse("column '" + of.name + "' is text and is to be a number",
             "name it in categories; or where it holds numbers, say so in the table's schema file");
    NumberPlan plan{.column = column, .scale = spec_.scale, .fill = spec_.fill};
    plan.log = std::ranges::any_of(spec_.log, [&](const std::string& p) { return glob_matches(p, of.name); });
    if (const ColumnOverride* o = override_of(column)) {
      plan.log = o->log.value_or(plan.log);
      plan.scale = o->scale.value_or(plan.scale);
      plan.fill = o->fill.value_or(plan.fill);
      plan.clip = o->clip;
    }
    return plan;
  }

  void add_frequencies() {
    for (const std::string& name : spec_.log)
      if (!is_pattern(name)) require(name, "table.log");
    for (const size_t column : frequency_) {
      auto it = std::ranges::find(plan_.categories, column, &CategoryPlan::column);
      if (it == plan_.categories.end()) {
        plan_.categories.push_back(category(column));
        it = plan_.categories.end() - 1;
        it->coded = false;
        it->buckets = 0;
      }
      if (it->buckets > 0)
        refuse("table.frequency names '" + schema_.columns()[column].name + "', which is hashed into buckets",
               "give it buckets = 0 in [[table.column]], or leave its frequency out");
      it->frequency = true;
    }
  }
  void add_means() {
    for (const MeanSpec& mean : spec_.means) {
      if (spec_.task == Task::kClasses) refuse("table.means has no mean of classes", "it is of regression and binary");
      MeanPlan plan{.spec = mean};
      for (const std::string& name : mean.by) plan.by.push_back(require(name, "table.means"));
      plan_.means.push_back(std::move(plan));
    }
  }

  void list_columns() {
    std::set<size_t> all{plan_.target};
    for (const CategoryPlan& c : plan_.categories) all.insert(c.column);
    for (const NumberPlan& n : plan_.numbers) all.insert(n.column);
    for (const OpenPlan& o : plan_.open) all.insert(o.number.column);
    for (const MeanPlan& m : plan_.means) all.insert(m.by.begin(), m.by.end());
    plan_.columns.assign(all.begin(), all.end());
  }

  const TableSpec& spec_;
  const io::TableSchema& schema_;
  const std::string& where_;
  std::vector<uint8_t> uses_;
  std::vector<size_t> open_;
  std::vector<size_t> frequency_;  // in the order of table.frequency
  ColumnPlan plan_;
};

}  // namespace

ColumnPlan plan_columns(const TableSpec& spec, const io::TableSchema& schema, const std::string& where) {
  return Planner(spec, schema, where).plan();
}

}  // namespace penstock::table
