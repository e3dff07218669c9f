#include "io/table/table_schema.h"

#include <algorithm>
#include <array>
#include <set>

#include "engine/base/error.h"
#include "engine/base/nearest.h"

namespace penstock::io {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"int", "real", "text", "bool", "date", "time"};

}  // namespace

std::string_view name_of(ColumnType type) { return kNames[static_cast<size_t>(type)]; }

std::optional<ColumnType> column_type_named(std::string_view name) {
  const auto it = std::ranges::find(kNames, name);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<ColumnType>(it - kNames.begin());
}

TableSchema::TableSchema(std::vector<ColumnSpec> columns) : columns_(std::move(columns)) {
  std::set<std::string_view> names;
  for (const ColumnSpec& column : columns_)
    if (!names.insert(column.name).second)
      throw Error(Code::kData, "two columns are called '" + column.name + "'").hint("rename one of them in the header");
}

size_t TableSchema::index_of(std::string_view name) const {
  const auto it = std::ranges::find(columns_, name, &ColumnSpec::name);
  return it == columns_.end() ? npos : static_cast<size_t>(it - columns_.begin());
}

size_t TableSchema::require(std::string_view name, std::string_view who, std::string_view where) const {
  const size_t at = index_of(name);
  if (at != npos) return at;
  std::vector<std::string> names;
  for (const ColumnSpec& column : columns_) names.push_back(column.name);
  throw Error(Code::kUsage, std::string(who) + " asks for a column '" + std::string(name) + "', and '" +
                                std::string(where) + "' has none" + nearest_hint(name, names));
}

std::string TableSchema::text() const {
  std::string out;
  for (const ColumnSpec& column : columns_)
    out += (out.empty() ? "" : ", ") + column.name + " " + std::string(name_of(column.type));
  return out;
}

}  // namespace penstock::io
