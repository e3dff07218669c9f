#include "pipelines/table/known_columns.h"

#include <algorithm>

namespace penstock {

using io::ColumnType;

KnownColumns KnownColumns::of(const table::Fitted& fitted, bool prepared) {
  KnownColumns out;
  const std::vector<bool> numbers = table::plain_numbers(fitted);
  for (size_t c = 0; c < fitted.source.size(); ++c) {
    const io::ColumnSpec& column = fitted.source[c];
    const bool is_moment = column.type == ColumnType::kDate || column.type == ColumnType::kTime;
    if (!prepared || !is_moment) out.columns_.push_back({column, numbers[c]});
  }
  return out;
}

KnownColumns KnownColumns::of(const io::TableSchema& schema) {
  KnownColumns out;
  for (const io::ColumnSpec& column : schema.columns()) out.columns_.push_back({column, false});
  return out;
}

void KnownColumns::settle(std::span<const std::string> names, std::vector<io::ColumnSpec>& found) const {
  for (size_t c = 0; c < found.size(); ++c) {
    io::ColumnSpec& column = found[c];
    const bool by_place = names.size() == found.size() && column.name == "c" + std::to_string(c + 1);
    const std::string& name = by_place ? names[c] : column.name;
    const auto known = std::ranges::find(columns_, name, [](const Known& k) { return k.column.name; });
    if (known == columns_.end() || column.type == known->column.type) continue;
    // A few rows can show that there are halves, and not that there will be none.
    const bool holds_more = column.type == ColumnType::kReal && known->column.type == ColumnType::kInt;
    if (known->is_number && (holds_more || column.type == ColumnType::kBool)) continue;
    column.type = known->column.type;
    column.format = known->column.format;
  }
}

}  // namespace penstock
