#include "stages/table/prepare/frame.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/nearest.h"

namespace penstock::table {

size_t Columns::index_of(std::string_view name) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const Column& c) { return c.spec.name == name; });
  return found == columns_.end() ? io::TableSchema::npos : static_cast<size_t>(found - columns_.begin());
}

size_t Columns::require(std::string_view name, std::string_view who) const {
  const size_t at = index_of(name);
  if (at != io::TableSchema::npos) return at;
  std::vector<std::string> names;
  for (const Column& column : columns_) names.push_back(column.spec.name);
  throw Error(Code::kUsage,
              std::string(who) + " wants a column '" + std::string(name) + "', and there is none" + nearest_hint(name, names))
      .hint("columns come from the table and from the steps above");
}

size_t Columns::add(Column column, std::string_view who) {
  if (column.spec.name.empty()) throw Error(Code::kUsage, std::string(who) + " makes a column without a name");
  if (index_of(column.spec.name) != io::TableSchema::npos)
    throw Error(Code::kUsage, std::string(who) + " makes a column '" + column.spec.name + "', and there is one already")
        .hint("give another name, or a prefix");
  columns_.push_back(std::move(column));
  return columns_.size() - 1;
}

io::TableSchema Columns::schema() const {
  std::vector<io::ColumnSpec> specs;
  for (const Column& column : columns_) specs.push_back(column.spec);
  return io::TableSchema(std::move(specs));
}

io::ColumnBlock made_column(io::ColumnType type, size_t rows) {
  io::ColumnBlock column;
  column.type = type;
  if (type == io::ColumnType::kText) {
    column.texts.resize(rows);
  } else if (type == io::ColumnType::kReal) {
    column.reals.resize(rows);
  } else {
    column.ints.resize(rows);
  }
  return column;
}

void set_missing(io::ColumnBlock& column, size_t row) {
  const size_t rows = std::max({column.ints.size(), column.reals.size(), column.texts.size(), column.codes.size()});
  if (column.missing.empty()) column.missing.resize(rows);
  column.missing[row] = 1;
  if (!column.reals.empty()) column.reals[row] = std::numeric_limits<double>::quiet_NaN();
  if (!column.ints.empty()) column.ints[row] = 0;
  if (!column.texts.empty()) column.texts[row] = {};
  if (!column.codes.empty()) column.codes[row] = 0;
}

}  // namespace penstock::table
